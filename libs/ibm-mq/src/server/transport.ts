import { EventPattern } from '@nestjs/microservices';

/**
 * Nest's transport id of IbmMqServer. A handler that names it is left alone by the other transports of a hybrid
 * application.
 */
export const IBM_MQ = Symbol('IBM_MQ');

export interface HandlerOptions {
  /**
   * Whether the handler takes an array of messages, up to the batch size of the server, in one unit of work. Default
   * false: one message per unit of work.
   */
  readonly batch?: boolean;
}

/** Marks a handler of the messages of a queue: short for `@EventPattern([queue], IBM_MQ, options)`. */
export function OnQueue(queue: string, options: HandlerOptions = {}): MethodDecorator {
  return EventPattern([queue], IBM_MQ, { ...options });
}

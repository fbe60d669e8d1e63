import type { MessageHandler } from '@nestjs/microservices';
import type { CloudEvent, EventContract } from '@orderbridge/contracts';
import { defaultIfEmpty, isObservable, lastValueFrom } from 'rxjs';
import type { EventContext } from './event-context.js';
import type { EventHandlerExtras } from './on-event.decorator.js';

/** A handler method and the events it takes. */
export interface EventRoute {
  readonly contract: EventContract;
  readonly group: symbol;
  /** Resolves when the handler has completed; rejects with what it threw. */
  handle(events: readonly CloudEvent[], context: EventContext): Promise<void>;
}

export type EventRoutes = ReadonlyMap<string, EventRoute>;

/**
 * The routes of a Nest strategy, from the handlers that Nest has registered with it.
 *
 * @throws Error when a handler is registered by `@EventPattern` or twice for one type.
 */
export function eventRoutes(handlers: ReadonlyMap<string, MessageHandler>): EventRoutes {
  const routes = new Map<string, EventRoute>();
  for (const [type, handler] of handlers) {
    const { contracts, group } = (handler.extras ?? {}) as Partial<EventHandlerExtras>;
    const contract = contracts?.find((candidate) => candidate.type === type);
    if (!contract || !group)
      throw new Error(`The handler of ${type} is not declared with @OnEvent(contract).`);
    if (handler.next)
      throw new Error(`There are two handlers of ${type} in one service; one may call the other.`);
    routes.set(type, {
      contract,
      group,
      async handle(events, context) {
        const result: unknown = await handler(events, context);
        // The base Server does not await a handler's Observable; committing before it ends would lose work.
        if (isObservable(result)) await lastValueFrom(result.pipe(defaultIfEmpty(undefined)));
      },
    });
  }
  return routes;
}

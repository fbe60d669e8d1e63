import { BaseRpcContext } from '@nestjs/microservices';
import type { UnitOfWork } from '../consumer/unit-of-work.js';
import type { IncomingMessage } from '../message/incoming-message.js';

/** What a handler gets beside the payload: `@Ctx() context: IbmMqContext`. */
export class IbmMqContext extends BaseRpcContext<[UnitOfWork]> {
  /** The unit of work in which the messages were taken: what is sent through it is committed with them. */
  getUnitOfWork(): UnitOfWork {
    return this.getArgByIndex(0);
  }

  /** The message, or of a batch the first. */
  getMessage(): IncomingMessage {
    return this.getMessages()[0] as IncomingMessage;
  }

  getMessages(): readonly IncomingMessage[] {
    return this.getUnitOfWork().messages;
  }

  getQueue(): string {
    return this.getUnitOfWork().queue;
  }
}

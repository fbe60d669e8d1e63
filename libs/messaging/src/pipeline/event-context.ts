import { BaseRpcContext } from '@nestjs/microservices';
import type { UnitOfWork } from '../unit-of-work/unit-of-work.js';

/** The second argument of an `@OnEvent` handler. */
export class EventContext extends BaseRpcContext<[UnitOfWork]> {
  /** The transaction in which the events are claimed; what the handler does and sends belongs to it. */
  get unitOfWork(): UnitOfWork {
    return this.getArgByIndex(0) as UnitOfWork;
  }
}

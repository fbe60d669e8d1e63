import { EventPattern } from '@nestjs/microservices';
import type { EventContract } from '@orderbridge/contracts';

/** What the decorator hands to the strategy through Nest's handler extras. */
export interface EventHandlerExtras {
  readonly contracts: readonly EventContract[];
  /** The same for all patterns of one method, so that its events stay in one batch. */
  readonly group: symbol;
}

/**
 * Subscribes a controller's method to the events of the given contracts. It is called with a batch:
 * `(events: CloudEvent<…>[], context: EventContext)`, validated, each new to this consumer, in order per key.
 * All it does with `context.unitOfWork` commits together with the claims of these events. It must not call the
 * outside world (design rule 3).
 *
 * When it throws, the batch is rolled back and repeated one event at a time: a transient error is waited out, a
 * `PermanentError` dead-letters the event.
 */
export const OnEvent = (...contracts: readonly EventContract[]): MethodDecorator =>
  EventPattern(
    contracts.map(({ type }) => type),
    { contracts, group: Symbol(contracts.map(({ type }) => type).join()) } satisfies EventHandlerExtras,
  );

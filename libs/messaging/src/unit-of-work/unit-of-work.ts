import {
  createEvent,
  encodeEvent,
  type Cause,
  type CloudEvent,
  type EventContract,
} from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import type { OutgoingMessage } from '../outbox/outgoing-message.js';
import type { MessageStore } from '../store/message-store.js';

/** One transaction together with the messages it sends: both take effect, or neither. */
export class UnitOfWork {
  readonly outgoing: OutgoingMessage[] = [];
  readonly afterCommitCallbacks: (() => void)[] = [];

  constructor(
    /** The transaction's entity manager. */
    readonly manager: EntityManager,
    private readonly source: string,
    private readonly store: Pick<MessageStore, 'claim'>,
  ) {}

  /** Claims messages for a consumer in this transaction, see `claimInInbox`; returns those that are new to it. */
  claim(consumer: string, messageIds: readonly string[]): Promise<Set<string>> {
    return this.store.claim(this.manager, consumer, messageIds);
  }

  /**
   * Sends an event to every destination of its contract once the transaction has committed.
   *
   * @returns the event, whose id a timeline may want to keep.
   * @throws InvalidEventError when the data does not fit the contract's schema.
   */
  send<Data>(contract: EventContract<Data>, data: Data, cause: Cause): CloudEvent<Data> {
    const event = createEvent(contract, this.source, data, cause);
    const { headers, body } = encodeEvent(contract, event);
    const bytes = Buffer.from(body);
    for (const destination of contract.destinations) {
      this.outgoing.push({ messageId: event.id, destination, key: event.subject, headers, body: bytes });
    }
    return event;
  }

  /** Sends a message that is already encoded, such as a dead letter. */
  sendEncoded(message: OutgoingMessage): void {
    this.outgoing.push(message);
  }

  /** Runs something that must not throw once the transaction has committed; not at all when it rolls back. */
  afterCommit(callback: () => void): void {
    this.afterCommitCallbacks.push(callback);
  }
}

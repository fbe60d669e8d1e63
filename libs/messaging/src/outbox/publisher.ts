import type { Broker } from '@orderbridge/contracts';
import type { OutgoingMessage } from './outgoing-message.js';

/** Sends messages to one broker. */
export interface Publisher {
  readonly broker: Broker;

  /**
   * Resolves when the broker holds every message durably, in order per destination and key. Rejects when that is
   * not certain of all; the relay then sends all of them again.
   *
   * @throws UndeliverableMessageError when the broker refuses one message permanently. PartlyPublishedError when some are
   *   held durably, and in order; the relay then sends only the others again. DestinationsUnavailableError when all are
   *   but those for some destinations.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
}

/** The broker will never take a message as it is, for example because it is larger than allowed. */
export class UndeliverableMessageError extends Error {
  override readonly name = 'UndeliverableMessageError';
}

/** Some messages are published and need not be sent again; the others are not, because of the cause. */
export class PartlyPublishedError extends Error {
  override readonly name = 'PartlyPublishedError';
  declare readonly cause: Error;

  constructor(
    readonly published: ReadonlySet<OutgoingMessage>,
    cause: Error,
  ) {
    super(cause.message, { cause });
  }
}

/**
 * The broker works, but some of its topics or queues do not, for example because one was deleted and may not be created:
 * all messages for other destinations are held durably, those for these ones are to be published again later.
 */
export class DestinationsUnavailableError extends Error {
  override readonly name = 'DestinationsUnavailableError';

  constructor(
    /** Names of the destinations, of each with what is wrong. */
    readonly causes: ReadonlyMap<string, Error>,
  ) {
    super([...causes].map(([destination, { message }]) => `${destination}: ${message}`).join('; '));
  }
}

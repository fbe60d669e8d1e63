import type { Destination } from '@orderbridge/contracts';

/** A message as it waits in the outbox and goes to a broker. */
export interface OutgoingMessage {
  readonly messageId: string;
  readonly destination: Destination;
  /** Messages with the same key reach a destination in the order in which they were appended. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

import type { Destination } from '@orderbridge/contracts';

/** Text, bytes that are no text, or null where a header has no value. */
export type SingleHeaderValue = string | Buffer | null;

/** A header's value, or, where it is there several times, all its values. */
export type HeaderValue = SingleHeaderValue | readonly SingleHeaderValue[];

/** A message as it waits in the outbox and goes to a broker. */
export interface OutgoingMessage {
  readonly messageId: string;
  readonly destination: Destination;
  /** Messages with the same key reach a destination in the order in which they were appended. */
  readonly key: string;
  /** What the broker is given as the key where that is not the text of `key`: bytes that are no text, null for none. */
  readonly keyBytes?: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly body: Buffer;
}

import type { Destination } from '@orderbridge/contracts';

/** One delivery of a message by a broker. */
export interface Delivery {
  /** The topic or queue it was taken from. */
  readonly source: Destination;
  /** Which delivery of which place this is, unique, e.g. `kafka orders/2@154`; for logs and dead letters. */
  readonly origin: string;
  /** Deliveries with the same key are handled in order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** A delivery that cannot be handled and is to be dead-lettered. */
export interface Rejection {
  readonly status: 'rejected';
  readonly error: Error;
  /** How often it was tried, by processes that crashed too. */
  readonly attempts: number;
  readonly firstTried: Date;
  readonly lastTried: Date;
}

/** What became of a delivery: handled (or seen before, or of no interest), or rejected. */
export type Outcome = { readonly status: 'settled' } | Rejection;

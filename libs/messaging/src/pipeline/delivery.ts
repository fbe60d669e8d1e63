/** One delivery of a message by a broker. */
export interface Delivery {
  /** Where it was taken from, unique there, e.g. `kafka orders/2@154`; for logs and dead letters. */
  readonly origin: string;
  /** Deliveries with the same key are handled in order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** What became of a delivery: handled (or seen before, or of no interest), or to be dead-lettered. */
export type Outcome = { readonly status: 'settled' } | { readonly status: 'rejected'; readonly error: Error };

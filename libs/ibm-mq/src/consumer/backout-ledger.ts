/** A message of a queue, as far as its backouts are concerned. */
export interface DeliveredMessage {
  readonly queue: string;
  /** 48 hex digits. */
  readonly messageId: string;
  /** The queue manager's count: it rises with every backout, whatever the reason. */
  readonly backoutCount: number;
}

/**
 * Knows which deliveries of a message count against it. The queue manager counts every backout, also those by a graceful
 * stop, a lost connection, a commit that failed or another message of the same unit of work; only deliveries that failed by
 * the message itself, or ended the process that handled it, may move it to the backout queue.
 *
 * It is asked only about messages that come back: a message that is handled at its first delivery costs nothing.
 */
export interface BackoutLedger {
  /**
   * Records that a message which came back is about to be handled, alone. The delivery counts against it unless it is
   * excused or settled, so also when this process ends before either.
   *
   * @returns how many deliveries before this one count against it.
   * @throws when it cannot be recorded; the message is not handled then, and comes back later.
   */
  begin(message: DeliveredMessage): Promise<number>;
  /**
   * Records that a delivery of these messages does not count against them.
   *
   * @param begun whether `begin` was called for the delivery
   */
  excuse(messages: readonly DeliveredMessage[], begun: boolean): Promise<void>;
  /** Forgets messages that have left the queue. */
  settle(messages: readonly DeliveredMessage[]): Promise<void>;
}

export interface RecordedDeliveries {
  /** Deliveries that were begun and not excused. */
  readonly begun: number;
  readonly excused: number;
}

/**
 * How many deliveries count against a message by what a ledger that outlives processes has recorded. Backouts of which it
 * knows nothing (the first delivery, which is not recorded, or an excuse that could not be) count once at the most, and never
 * without one that is known.
 */
export function deliveriesAgainst({ begun, excused }: RecordedDeliveries, backoutCount: number): number {
  if (begun === 0) return 0;
  const unknown = backoutCount - begun - excused;
  return begun + (unknown > 0 ? 1 : 0);
}

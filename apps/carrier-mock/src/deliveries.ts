import type { Ledger } from '@orderbridge/ledger';

/** A parcel's time of delivery. */
export interface Delivery {
  readonly orderId: string;
  readonly deliveredAt: Date;
}

/** The carrier's vans: every parcel is delivered some time after its booking. Kept in the order of delivery. */
export class Deliveries {
  /** `after` in milliseconds from the booking. */
  constructor(
    private readonly ledger: Ledger<string>,
    private readonly after: number,
  ) {}

  /** Lies in the future, so that nothing comes before what was listed already. Returns when it will be delivered. */
  async schedule(orderId: string): Promise<Date> {
    const deliveredAt = new Date(Date.now() + this.after);
    await this.ledger.note(`${deliveredAt.toISOString()} ${orderId}`, orderId);
    return deliveredAt;
  }

  /** What was delivered after the cursor, oldest first, and the cursor of what comes after. */
  async list(cursor: string, limit: number): Promise<{ deliveries: Delivery[]; nextCursor: string }> {
    const now = new Date().toISOString();
    const entries = await this.ledger.page(limit, cursor);
    const due = entries.filter(([key]) => key < now);
    return {
      deliveries: due.map(([key, orderId]) => ({ orderId, deliveredAt: new Date(key.slice(0, now.length)) })),
      nextCursor: due.at(-1)?.[0] ?? cursor,
    };
  }
}

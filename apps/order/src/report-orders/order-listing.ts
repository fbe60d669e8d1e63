import { Injectable } from '@nestjs/common';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage, Scope } from '@orderbridge/reconciliation';
import { OrderRepository } from '../storage/order.repository.js';
import { reportOrder } from './report-order.js';

/** Orders that are locked and reported at once. */
const PAGE = 100;

/** The orders, oldest first: the state of each is reported, and the other services compare it with what they have. */
@Injectable()
export class OrderListing implements Listing<string> {
  readonly name = 'orders';

  constructor(private readonly orders: OrderRepository) {}

  async page(cursor: string | undefined, { since }: Scope): Promise<ListingPage<string>> {
    const entries = await this.orders.idsAfter(cursor, since, PAGE);
    return { entries, nextCursor: entries.length === PAGE ? entries.at(-1) : undefined };
  }

  async compare(unit: UnitOfWork, orderIds: readonly string[]): Promise<Counts> {
    const orders = await this.orders.lockWhole(unit.manager, orderIds);
    for (const [orderId, order] of orders) reportOrder(unit, orderId, order, { correlationId: orderId });
    return { reported: orders.size };
  }
}

import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { OrderStatus } from '../domain/fulfilment.js';

/** An order that waits for others, when it is time to look at it. */
export interface DueOrder {
  readonly orderId: string;
  /** What the order was placed by. */
  readonly cause: Cause;
  /** The status in which it was last nudged, and when. */
  readonly nudgedIn: OrderStatus | null;
  readonly nudgedAt: Date | null;
  /** Consecutive times that it could not be decided. */
  readonly failures: number;
  /** The database's time. */
  readonly now: Date;
}

/** When to look at an order again, and that it was nudged now. */
export interface NextLook {
  readonly orderId: string;
  readonly lookAt: Date;
  /** The status in which it was nudged now; absent where it was not. */
  readonly nudgedIn?: OrderStatus;
}

export interface WaitingOrders {
  readonly status: OrderStatus;
  readonly orders: number;
  readonly oldestSeconds: number;
}

/**
 * The orders that wait for others, few and short-lived: `OrderRepository` puts an order here when it is placed, and takes
 * it away when it waits no more. When to look at an order is only a lower bound of its deadline, so that its row stays
 * untouched while all goes well.
 */
@Injectable()
export class WaitingOrderRepository {
  /**
   * The orders to look at, the longest due first, or those of them that are named, locked together with their orders
   * against all other changes. Those that somebody else has locked are left out. What an order is has to be read after
   * this: the statement may have begun before a change that it has waited out.
   */
  async lockDue(manager: EntityManager, limit: number, orderIds?: readonly string[]): Promise<DueOrder[]> {
    return manager.query(
      `SELECT orders.id AS "orderId", waiting.cause, waiting.nudged_in AS "nudgedIn", waiting.nudged_at AS "nudgedAt",
         waiting.failures, now() AS now
       FROM waiting_order AS waiting JOIN orders ON orders.id = waiting.order_id
       WHERE waiting.look_at <= now() ${orderIds ? 'AND waiting.order_id = ANY($2::uuid[])' : ''}
       ORDER BY waiting.look_at LIMIT $1 FOR UPDATE OF waiting, orders SKIP LOCKED`,
      orderIds ? [limit, orderIds] : [limit],
    );
  }

  /** When orders came to the statuses in which they are, by order, from their timelines. */
  async since(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, Date>> {
    const rows: { orderId: string; since: Date }[] = await manager.query(
      `SELECT orders.id AS "orderId", min(recorded_at) AS since
       FROM orders JOIN order_timeline AS entry ON entry.order_id = orders.id AND entry.status = orders.status
       WHERE orders.id = ANY($1::uuid[]) GROUP BY orders.id`,
      [orderIds],
    );
    return new Map(rows.map(({ orderId, since }) => [orderId, since]));
  }

  /** Looks at orders no more: they wait for nothing. */
  async forget(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM waiting_order WHERE order_id = ANY($1::uuid[])', [orderIds]);
  }

  /** Puts an order that cannot be decided behind the others for so many milliseconds. */
  async putBehind(manager: EntityManager, orderId: string, delayMs: number): Promise<void> {
    await manager.query(
      `UPDATE waiting_order SET failures = failures + 1, look_at = now() + make_interval(secs => $2 / 1000.0)
       WHERE order_id = $1`,
      [orderId, delayMs],
    );
  }

  /** How many of the oldest 10,000 orders wait, and how many seconds ago the oldest of them was placed, by status. */
  async count(manager: EntityManager): Promise<WaitingOrders[]> {
    return manager.query(
      `SELECT status, count(*)::integer AS orders, extract(epoch FROM now() - min(created_at))::float AS "oldestSeconds"
       FROM (SELECT order_id FROM waiting_order ORDER BY order_id LIMIT 10000) AS oldest
         JOIN orders ON orders.id = order_id GROUP BY status`,
    );
  }

  async lookAgain(manager: EntityManager, looks: readonly NextLook[]): Promise<void> {
    if (looks.length === 0) return;
    await manager.query(
      `UPDATE waiting_order SET look_at = next.look_at, failures = 0, nudged_in = coalesce(next.nudged_in, waiting_order.nudged_in),
         nudged_at = CASE WHEN next.nudged_in IS NULL THEN nudged_at ELSE now() END
       FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS next (order_id, look_at, nudged_in)
       WHERE waiting_order.order_id = next.order_id`,
      [
        looks.map(({ orderId }) => orderId),
        looks.map(({ lookAt }) => lookAt),
        looks.map(({ nudgedIn }) => nudgedIn ?? null),
      ],
    );
  }
}

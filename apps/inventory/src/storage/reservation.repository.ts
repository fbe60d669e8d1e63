import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Lack, Wanted } from '../domain/reservation.js';

export interface Reservation {
  readonly orderId: string;
  readonly lines: readonly Wanted[];
}

/**
 * RESERVED: pieces are promised. SHIPPED, RELEASED: they are no more. REJECTED: they never were, for lack of stock.
 */
export type ReservationStatus = 'RESERVED' | 'SHIPPED' | 'RELEASED' | 'REJECTED';

/** What was decided about an order. */
export interface Decision {
  readonly orderId: string;
  readonly status: ReservationStatus;
  /** The lines that lacked stock, of an order that was rejected. */
  readonly lacking: readonly Lack[] | null;
}

/** A new order's lines, and those of them that lack stock. */
export interface NewDecision extends Reservation {
  readonly lacking: readonly Lack[];
}

/** What is promised to which order. */
@Injectable()
export class ReservationRepository {
  /** What was decided about those of the orders that are known. */
  async find(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, Decision>> {
    const rows: Decision[] = await manager.query(
      `SELECT order_id AS "orderId", status, lacking FROM reservation WHERE order_id = ANY($1::uuid[])`,
      [orderIds],
    );
    return new Map(rows.map((row) => [row.orderId, row]));
  }

  async insert(manager: EntityManager, decisions: readonly NewDecision[]): Promise<void> {
    if (decisions.length === 0) return;
    await manager.query(
      `INSERT INTO reservation (order_id, status, lines, lacking)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::json[], $4::json[])`,
      [
        decisions.map(({ orderId }) => orderId),
        decisions.map(({ lacking }): ReservationStatus => (lacking.length === 0 ? 'RESERVED' : 'REJECTED')),
        decisions.map(({ lines }) => JSON.stringify(lines)),
        decisions.map(({ lacking }) => (lacking.length === 0 ? null : JSON.stringify(lacking))),
      ],
    );
  }

  /** Lets orders of which nothing is known yet count as RELEASED, so that nothing will be reserved for them. */
  async close(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(
      `INSERT INTO reservation (order_id, status, lines) SELECT unnest($1::uuid[]), 'RELEASED', '[]' ON CONFLICT DO NOTHING`,
      [orderIds],
    );
  }

  /** Ends the open reservations of orders; returns those that were open, so that each ends once. */
  async end(
    manager: EntityManager,
    orderIds: readonly string[],
    status: 'SHIPPED' | 'RELEASED',
  ): Promise<Reservation[]> {
    const [rows]: [Reservation[], number] = await manager.query(
      `UPDATE reservation SET status = $2, updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'RESERVED' RETURNING order_id AS "orderId", lines`,
      [orderIds, status],
    );
    return rows;
  }
}

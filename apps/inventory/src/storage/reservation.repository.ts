import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Wanted } from '../domain/reservation.js';

export interface Reservation {
  readonly orderId: string;
  readonly lines: readonly Wanted[];
}

/** What is promised to which order. */
@Injectable()
export class ReservationRepository {
  async insert(manager: EntityManager, reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return;
    await manager.query(
      `INSERT INTO reservation (order_id, status, lines)
       SELECT order_id, 'RESERVED', lines FROM unnest($1::uuid[], $2::json[]) AS new (order_id, lines)`,
      [reservations.map(({ orderId }) => orderId), reservations.map(({ lines }) => JSON.stringify(lines))],
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

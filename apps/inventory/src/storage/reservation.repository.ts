import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { Lack, ReservationStatus, Wanted } from '../domain/reservation.js';

export interface Reservation {
  readonly orderId: string;
  readonly lines: readonly Wanted[];
}

/** What was decided about an order. */
export interface Decision {
  readonly orderId: string;
  readonly status: ReservationStatus;
  /** The lines that lacked stock, of an order that was rejected. */
  readonly lacking: readonly Lack[] | null;
}

/** What is kept of an order. */
export type KeptReservation = Decision & Reservation;

/** A new order's lines, and those of them that lack stock. */
export interface NewDecision extends Reservation {
  readonly lacking: readonly Lack[];
}

/** What is promised to which order. */
@Injectable()
export class ReservationRepository {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

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

  /** Counts what was shipped for these orders as released. */
  async takeBack(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    if (orderIds.length === 0) return;
    await manager.query(
      `UPDATE reservation SET status = 'RELEASED', updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'SHIPPED'`,
      [orderIds],
    );
  }

  /** What is kept of those of the orders that are known, locked against all other changes. */
  async lock(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, KeptReservation>> {
    const rows: KeptReservation[] = await manager.query(
      `SELECT order_id AS "orderId", status, lines, lacking FROM reservation
       WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`,
      [orderIds],
    );
    return new Map(rows.map((row) => [row.orderId, row]));
  }

  /** Opens reservations that are locked again, with these lines. */
  async reopen(manager: EntityManager, reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return;
    await manager.query(
      `UPDATE reservation SET status = 'RESERVED', lines = reopened.lines, lacking = NULL, updated_at = now()
       FROM unnest($1::uuid[], $2::json[]) AS reopened (order_id, lines)
       WHERE reservation.order_id = reopened.order_id`,
      [reservations.map(({ orderId }) => orderId), reservations.map(({ lines }) => JSON.stringify(lines))],
    );
  }

  /** Orders with an open reservation after one of them, by id. */
  async openAfter(orderId: string | undefined, limit: number): Promise<string[]> {
    const rows: { orderId: string }[] = await this.dataSource.query(
      `SELECT order_id AS "orderId" FROM reservation
       WHERE status = 'RESERVED' AND order_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
       ORDER BY order_id LIMIT $2`,
      [orderId ?? null, limit],
    );
    return rows.map((row) => row.orderId);
  }

  /** Orders whose reservation has been open for so many milliseconds, or since it was last returned here. */
  async takeOpenFor(manager: EntityManager, ageMs: number, limit: number): Promise<string[]> {
    const [rows]: [{ orderId: string }[], number] = await manager.query(
      `UPDATE reservation SET updated_at = now() WHERE order_id IN (
         SELECT order_id FROM reservation
         WHERE status = 'RESERVED' AND updated_at <= now() - make_interval(secs => $1 / 1000.0)
         ORDER BY updated_at LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING order_id AS "orderId"`,
      [ageMs, limit],
    );
    return rows.map((row) => row.orderId);
  }
}

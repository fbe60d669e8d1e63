import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { ASYNCHRONOUS_COMMIT } from '@orderbridge/messaging';
import { InjectRepository } from '@nestjs/typeorm';
import type { Backlog } from '@orderbridge/work-items';
import type { EntityManager, Repository } from 'typeorm';
import { ShipmentEntity } from './shipment.entity.js';

import type { Postponed } from './shipment.repository.js';

/** A label that is to be taken back. */
export interface VoidItem {
  /** Of the shipment. */
  readonly id: string;
  readonly attempts: number;
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly cause: Cause;
}

/** A label that was set aside. */
export interface ParkedVoid {
  readonly orderId: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

export interface VoidedShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly trackingNumber: string;
  readonly cause: Cause;
}

/** The labels that are to be taken back: shipments in the status VOIDING. */
@Injectable()
export class VoidRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  /** See `WorkItemHandlers.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(limit: number, lease: number): Promise<VoidItem[]> {
    const [rows]: [VoidItem[], number] = await this.shipments.query(
      `WITH ${ASYNCHRONOUS_COMMIT}
       UPDATE shipment SET due_at = now() + make_interval(secs => $2 / 1000.0), attempts = attempts + 1
       FROM asynchronous WHERE id IN (
         SELECT id FROM shipment WHERE status = 'VOIDING' AND due_at <= now()
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       RETURNING id, attempts, order_id AS "orderId", cause`,
      [limit, lease],
    );
    return rows;
  }

  /** See `WorkItemHandlers.postpone`. Undefined when the shipment is VOIDING no more. */
  async postpone(manager: EntityManager, id: string, delay: number): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      `UPDATE shipment SET due_at = now() + make_interval(secs => $2 / 1000.0) WHERE id = $1 AND status = 'VOIDING'
       RETURNING user_id AS "userId", cause`,
      [id, delay],
    );
    return row;
  }

  /** Sets a label aside until it is resumed; undefined when it is already, or is no longer to be taken back. */
  async park(manager: EntityManager, id: string): Promise<ParkedVoid | undefined> {
    const [rows]: [ParkedVoid[], number] = await manager.query(
      `UPDATE shipment SET due_at = 'infinity'
       WHERE id = $1 AND status = 'VOIDING' AND due_at < 'infinity'
       RETURNING order_id AS "orderId", cause, updated_at AS "wantedSince"`,
      [id],
    );
    return rows[0];
  }

  /** Makes labels due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(
      `UPDATE shipment SET due_at = now(), attempts = 0, updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'VOIDING' AND due_at = 'infinity'`,
      [orderIds],
    );
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(
      `SELECT count(*)::integer AS items, coalesce(extract(epoch FROM now() - min(updated_at)), 0)::float AS "oldestSeconds"
       FROM shipment WHERE status = 'VOIDING' AND due_at < 'infinity'`,
    );
    return rows[0] as Backlog;
  }

  /** Marks shipments as voided that were still VOIDING, and returns these. */
  async complete(manager: EntityManager, ids: readonly string[]): Promise<VoidedShipment[]> {
    const [rows]: [VoidedShipment[], number] = await manager.query(
      `UPDATE shipment SET status = 'VOIDED', updated_at = now() WHERE id = ANY($1::uuid[]) AND status = 'VOIDING'
       RETURNING id, order_id AS "orderId", user_id AS "userId", tracking_number AS "trackingNumber", cause`,
      [ids],
    );
    return rows;
  }
}

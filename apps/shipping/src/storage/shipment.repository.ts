import { Injectable } from '@nestjs/common';
import { ASYNCHRONOUS_COMMIT } from '@orderbridge/messaging';
import { InjectRepository } from '@nestjs/typeorm';
import type { Cause, ShipTo } from '@orderbridge/contracts';
import type { EntityManager, Repository } from 'typeorm';
import { statusAfter, type CarrierDecision, type ShipmentStatus } from '../domain/shipment.js';
import { ShipmentEntity } from './shipment.entity.js';

export type NewShipment = Pick<ShipmentEntity, 'id' | 'orderId' | 'userId' | 'shipTo' | 'pieces' | 'cause'>;

/** A booking that is due. */
export interface BookingItem {
  /** Of the shipment. */
  readonly id: string;
  readonly attempts: number;
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly shipTo: ShipTo;
  readonly pieces: number;
}

export interface DecidedShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly cause: Cause;
}

/** Shipments and the bookings that are due. */
@Injectable()
export class ShipmentRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  findOfOrder(orderId: string): Promise<ShipmentEntity | null> {
    return this.shipments.findOneBy({ orderId });
  }

  /** Inserts the shipments whose order has none yet. */
  async insert(manager: EntityManager, shipments: readonly NewShipment[]): Promise<void> {
    await manager.query(
      `INSERT INTO shipment (id, order_id, user_id, status, ship_to, pieces, cause)
       SELECT id, order_id, user_id, 'REQUESTED', ship_to, pieces, cause
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::json[], $5::integer[], $6::json[])
         AS new (id, order_id, user_id, ship_to, pieces, cause)
       ON CONFLICT (order_id) DO NOTHING`,
      [
        shipments.map(({ id }) => id),
        shipments.map(({ orderId }) => orderId),
        shipments.map(({ userId }) => userId),
        shipments.map(({ shipTo }) => JSON.stringify(shipTo)),
        shipments.map(({ pieces }) => pieces),
        shipments.map(({ cause }) => JSON.stringify(cause)),
      ],
    );
  }

  /** See `WorkItemHandlers.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(limit: number, lease: number): Promise<BookingItem[]> {
    const [rows]: [BookingItem[], number] = await this.shipments.query(
      `WITH ${ASYNCHRONOUS_COMMIT}
       UPDATE shipment SET due_at = now() + make_interval(secs => $2 / 1000.0), attempts = attempts + 1
       FROM asynchronous WHERE id IN (
         SELECT id FROM shipment WHERE status = 'REQUESTED' AND due_at <= now()
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       RETURNING id, attempts, order_id AS "orderId", ship_to AS "shipTo", pieces`,
      [limit, lease],
    );
    return rows;
  }

  /** See `WorkItemHandlers.postpone`. */
  async postpone(id: string, delay: number): Promise<void> {
    await this.shipments.query(
      `UPDATE shipment SET due_at = now() + make_interval(secs => $2 / 1000.0) WHERE id = $1 AND status = 'REQUESTED'`,
      [id, delay],
    );
  }

  /** Writes what the carrier decided about shipments that were still REQUESTED, and returns these. */
  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: CarrierDecision }[],
  ): Promise<DecidedShipment[]> {
    const [rows]: [DecidedShipment[], number] = await manager.query(
      `UPDATE shipment SET status = decided.status, carrier = decided.carrier, carrier_reference = decided.reference,
         tracking_number = decided.tracking_number, failure_code = decided.code, failure_reason = decided.reason,
         updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
         AS decided (id, status, carrier, reference, tracking_number, code, reason)
       WHERE shipment.id = decided.id AND shipment.status = 'REQUESTED'
       RETURNING shipment.id, order_id AS "orderId", user_id AS "userId", cause`,
      [
        decisions.map(({ id }) => id),
        decisions.map(({ decision }): ShipmentStatus => statusAfter(decision)),
        decisions.map(({ decision }) => (decision.booked ? decision.carrier : null)),
        decisions.map(({ decision }) => (decision.booked ? decision.carrierReference : null)),
        decisions.map(({ decision }) => (decision.booked ? decision.trackingNumber : null)),
        decisions.map(({ decision }) => (decision.booked ? null : decision.code)),
        decisions.map(({ decision }) => (decision.booked ? null : decision.reason)),
      ],
    );
    return rows;
  }
}

import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  WorkItemTable,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import type { Cause, ShipTo } from '@orderbridge/contracts';
import { In, type EntityManager, type Repository } from 'typeorm';
import { statusAfter, type CarrierDecision, type ShipmentStatus } from '../domain/shipment.js';
import { ShipmentEntity } from './shipment.entity.js';

export type NewShipment = Pick<
  ShipmentEntity,
  'id' | 'orderId' | 'userId' | 'status' | 'shipTo' | 'pieces' | 'cause'
>;

/** A booking that is due; its id is the shipment's. */
export interface BookingItem extends WorkItem {
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly shipTo: ShipTo;
  readonly pieces: number;
  readonly cause: Cause;
}

/** Whom to tell of a call that is made again later. */
export interface Postponed {
  readonly userId: string;
  readonly cause: Cause;
}

export interface DecidedShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly cause: Cause;
  readonly cancelled: boolean;
  /** Where the carrier told of the delivery before the booking was settled. */
  readonly deliveredAt: Date | null;
}

/** A booking that was set aside. */
export interface ParkedBooking {
  readonly id: string;
  readonly orderId: string;
  readonly pieces: number;
  readonly shipTo: ShipTo;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

const BOOKINGS = new WorkItemTable({
  table: 'shipment',
  status: 'REQUESTED',
  returning: 'order_id AS "orderId", ship_to AS "shipTo", pieces, cause',
});

/** Shipments and the bookings that are due. */
@Injectable()
export class ShipmentRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  findOfOrder(orderId: string): Promise<ShipmentEntity | null> {
    return this.shipments.findOneBy({ orderId });
  }

  /** Inserts the shipments whose order has none yet; returns the orders that had one. */
  async insert(manager: EntityManager, shipments: readonly NewShipment[]): Promise<Set<string>> {
    const inserted: { orderId: string }[] = await manager.query(
      `INSERT INTO shipment (id, order_id, user_id, status, ship_to, pieces, cause)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::json[], $6::integer[], $7::json[])
       ON CONFLICT (order_id) DO NOTHING RETURNING order_id AS "orderId"`,
      [
        shipments.map(({ id }) => id),
        shipments.map(({ orderId }) => orderId),
        shipments.map(({ userId }) => userId),
        shipments.map(({ status }) => status),
        shipments.map(({ shipTo }) => shipTo && JSON.stringify(shipTo)),
        shipments.map(({ pieces }) => pieces),
        shipments.map(({ cause }) => JSON.stringify(cause)),
      ],
    );
    const fresh = new Set(inserted.map(({ orderId }) => orderId));
    return new Set(shipments.map(({ orderId }) => orderId).filter((orderId) => !fresh.has(orderId)));
  }

  /** The shipments that orders have, locked against all other changes. */
  lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<ShipmentEntity[]> {
    return manager.find(ShipmentEntity, {
      where: { orderId: In([...orderIds]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** Marks a shipment as cancelled. What is to be voided is due at once. */
  async cancel(manager: EntityManager, id: string, status: ShipmentStatus, cause: Cause): Promise<void> {
    await manager.query(
      `UPDATE shipment SET status = $2, cancelled = true, cause = $3, updated_at = now(),
         attempts = CASE WHEN $2 = 'VOIDING' AND status <> $2 THEN 0 ELSE attempts END,
         retrying = retrying AND NOT ($2 = 'VOIDING' AND status <> $2),
         item_failures = CASE WHEN $2 = 'VOIDING' AND status <> $2 THEN 0 ELSE item_failures END,
         due_at = CASE WHEN $2 = 'VOIDING' AND status <> $2 THEN now() ELSE due_at END
       WHERE id = $1`,
      [id, status, JSON.stringify(cause)],
    );
  }

  /** See `WorkItemTable.take`. On disk before the carrier is asked: only a shipment without attempts can be closed. */
  async takeDue(request: TakeRequest): Promise<BookingItem[]> {
    const [rows]: [BookingItem[], number] = await this.shipments.query(...BOOKINGS.take(request));
    return rows;
  }

  /** See `WorkItemTable.postpone`. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      ...BOOKINGS.postpone(item, postponement, 'user_id AS "userId", cause'),
    );
    return row;
  }

  /** Sets a booking aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedBooking | undefined> {
    const [rows]: [ParkedBooking[], number] = await manager.query(
      ...BOOKINGS.park(
        item,
        itemFailures,
        'id, order_id AS "orderId", pieces, ship_to AS "shipTo", cause, created_at AS "wantedSince"',
      ),
    );
    return rows[0];
  }

  /** Makes bookings due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(...BOOKINGS.resume(orderIds));
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(BOOKINGS.backlog('created_at'));
    return rows[0] as Backlog;
  }

  /** Writes what the carrier decided about shipments that were still REQUESTED, and returns these. */
  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: CarrierDecision }[],
  ): Promise<DecidedShipment[]> {
    const [rows]: [DecidedShipment[], number] = await manager.query(
      `UPDATE shipment SET status = CASE WHEN cancelled THEN decided.status_if_cancelled
           WHEN decided.status = 'BOOKED' AND delivered_at IS NOT NULL THEN 'DELIVERED' ELSE decided.status END,
         booked_at = CASE WHEN decided.status = 'BOOKED' THEN now() END,
         attempts = CASE WHEN cancelled THEN 0 ELSE attempts END, due_at = CASE WHEN cancelled THEN now() ELSE due_at END,
         retrying = false, item_failures = 0,
         carrier = decided.carrier, carrier_reference = decided.reference, tracking_number = decided.tracking_number,
         failure_code = decided.code, failure_reason = decided.reason, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
         AS decided (id, status, status_if_cancelled, carrier, reference, tracking_number, code, reason)
       WHERE shipment.id = decided.id AND shipment.status = 'REQUESTED'
       RETURNING shipment.id, order_id AS "orderId", user_id AS "userId", cause, cancelled, delivered_at AS "deliveredAt"`,
      [
        decisions.map(({ id }) => id),
        decisions.map(({ decision }): ShipmentStatus => statusAfter(decision, false)),
        decisions.map(({ decision }): ShipmentStatus => statusAfter(decision, true)),
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

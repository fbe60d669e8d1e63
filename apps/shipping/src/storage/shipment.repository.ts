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
import {
  statusAfter,
  type CarrierDecision,
  type Closing,
  type LostLabel,
  type ShipmentStatus,
} from '../domain/shipment.js';
import { ShipmentEntity } from './shipment.entity.js';

export type NewShipment = Pick<
  ShipmentEntity,
  'id' | 'orderId' | 'userId' | 'status' | 'shipTo' | 'pieces' | 'cause'
>;

/** A shipment that was forgotten. `expectsLabel` where its order has shipped, so that the carrier must have a label. */
export type ForgottenShipment = NewShipment & Pick<ShipmentEntity, 'expectsLabel'>;

/** The user of a shipment whose order does not exist, or is not to hear of it: nothing of it is announced. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

/** A label that counts as good; its id is the shipment's. */
export type OwnLabel = Pick<ShipmentEntity, 'id' | 'orderId' | 'attempts' | 'cause'>;

/** A booking that is due; its id is the shipment's. */
export interface BookingItem extends WorkItem {
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly shipTo: ShipTo;
  readonly pieces: number;
  readonly cause: Cause;
  /** How many of the attempts before the carrier has answered without booking; the others may have had an effect. */
  readonly answered: number;
  /** The order has shipped: no other label is bought. */
  readonly expectsLabel: boolean;
}

/** Whom to notify of a call that is made again later. */
export interface Postponed {
  readonly userId: string;
  readonly cause: Cause;
}

/** A booking that was set aside. */
export interface ParkedBooking {
  readonly id: string;
  readonly orderId: string;
  readonly pieces: number;
  readonly shipTo: ShipTo | null;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

/** A shipment as its status is announced. */
export type AnnouncedShipment = Pick<
  ShipmentEntity,
  | 'id'
  | 'orderId'
  | 'userId'
  | 'status'
  | 'cancelled'
  | 'cause'
  | 'carrier'
  | 'carrierReference'
  | 'trackingNumber'
  | 'deliveredAt'
  | 'failureCode'
  | 'failureReason'
>;

export const ANNOUNCED = `shipment.id, shipment.order_id AS "orderId", shipment.user_id AS "userId", shipment.status,
  shipment.cancelled, shipment.cause, shipment.carrier, shipment.carrier_reference AS "carrierReference",
  shipment.tracking_number AS "trackingNumber", shipment.delivered_at AS "deliveredAt",
  shipment.failure_code AS "failureCode", shipment.failure_reason AS "failureReason"`;

export const PARKED = `id, order_id AS "orderId", pieces, ship_to AS "shipTo", cause, created_at AS "wantedSince"`;

const BOOKINGS = new WorkItemTable({
  table: 'shipment',
  status: 'REQUESTED',
  returning:
    'order_id AS "orderId", ship_to AS "shipTo", pieces, cause, answered, expects_label AS "expectsLabel"',
  taking: 'asked_at = now()',
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

  /**
   * Inserts shipments that were forgotten, of orders that have none. The carrier may have been asked for them: it is asked
   * first what it has.
   */
  async insertForgotten(manager: EntityManager, shipments: readonly ForgottenShipment[]): Promise<void> {
    const existing = await this.insert(manager, shipments);
    const fresh = shipments.filter(({ orderId }) => !existing.has(orderId));
    await manager.query(
      `UPDATE shipment SET attempts = 1, retrying = true, cancelled = status = 'CLOSING', expects_label = forgotten.expects
       FROM unnest($1::uuid[], $2::boolean[]) AS forgotten (forgotten_order, expects)
       WHERE order_id = forgotten_order`,
      [fresh.map(({ orderId }) => orderId), fresh.map(({ expectsLabel }) => expectsLabel)],
    );
  }

  /** Lets nothing of a shipment be announced, whose order does not exist. */
  async forgetUser(manager: EntityManager, id: string): Promise<void> {
    await manager.query('UPDATE shipment SET user_id = $2 WHERE id = $1', [id, NOBODY]);
  }

  /** Notes what a person is to decide about a shipment; false where that person has been asked about the same. */
  async dispute(manager: EntityManager, id: string, matter: string): Promise<boolean> {
    const [, noted]: [unknown, number] = await manager.query(
      'UPDATE shipment SET disputed = $2 WHERE id = $1 AND disputed IS DISTINCT FROM $2',
      [id, matter],
    );
    return noted === 1;
  }

  /** Notes of labels that count as good whether the carrier has lost them. */
  async loseLabels(
    manager: EntityManager,
    labels: readonly { readonly id: string; readonly lost: LostLabel | null }[],
  ): Promise<void> {
    await manager.query(
      `UPDATE shipment SET label_lost = labels.lost FROM unnest($1::uuid[], $2::text[]) AS labels (label_id, lost)
       WHERE id = label_id AND label_lost IS DISTINCT FROM labels.lost`,
      [labels.map(({ id }) => id), labels.map(({ lost }) => lost)],
    );
  }

  /** Good labels after one of them, by id: those bought since a moment, and long enough ago for the carrier to list them. */
  async bookedAfter(cursor: string | undefined, since: Date | undefined, limit: number): Promise<OwnLabel[]> {
    return this.shipments.query(
      `SELECT id, order_id AS "orderId", attempts, cause FROM shipment
       WHERE status = 'BOOKED' AND id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
         AND booked_at >= coalesce($2::timestamptz, '-infinity') AND booked_at <= now() - interval '1 minute'
       ORDER BY id LIMIT $3`,
      [cursor ?? null, since ?? null, limit],
    );
  }

  /** The shipments that orders have, locked against all other changes. */
  lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<ShipmentEntity[]> {
    return manager.find(ShipmentEntity, {
      where: { orderId: In([...orderIds]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /**
   * Marks a shipment as cancelled. What is to be voided is due at once; so is a parked booking, about which the carrier is
   * asked. A booking in flight keeps its lease.
   */
  async cancel(manager: EntityManager, id: string, status: ShipmentStatus, cause: Cause): Promise<void> {
    await manager.query(`UPDATE shipment SET cancelled = true, cause = $3, ${closeTo('$2')} WHERE id = $1`, [
      id,
      status,
      JSON.stringify(cause),
    ]);
  }

  /**
   * Gives parked bookings up: the carrier is asked what it has of them, and what it has is voided. One about which it was
   * asked in vain counts as not booked. Returns those that are decided.
   */
  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<AnnouncedShipment[]> {
    const [rows]: [AnnouncedShipment[], number] = await manager.query(
      `UPDATE shipment SET failure_code = 'GivenUp', failure_reason = 'The booking was given up.', updated_at = now(),
         status = CASE WHEN status = 'REQUESTED' THEN 'CLOSING' WHEN cancelled THEN 'CANCELLED' ELSE 'FAILED' END,
         due_at = now(), item_failures = 0, ${forgetAnsweredDoubt("'CLOSING'")}
       WHERE order_id = ANY($1::uuid[]) AND status IN ('REQUESTED', 'CLOSING') AND due_at = 'infinity'
       RETURNING ${ANNOUNCED}`,
      [orderIds],
    );
    return rows.filter(({ status }) => status !== 'CLOSING');
  }

  /** See `WorkItemTable.take`. On disk before the carrier is asked: only a shipment without attempts can be closed. */
  async takeDue(request: TakeRequest): Promise<BookingItem[]> {
    const [rows]: [BookingItem[], number] = await this.shipments.query(...BOOKINGS.take(request));
    return rows;
  }

  /** See `WorkItemTable.postpone`. `isAnswered` where the carrier answered the attempt without booking. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
    isAnswered: boolean,
  ): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      ...BOOKINGS.postpone(item, postponement, 'user_id AS "userId", cause'),
    );
    if (isAnswered) await this.#answered(manager, item);
    return row;
  }

  /** Sets a booking aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
    isAnswered: boolean,
  ): Promise<ParkedBooking | undefined> {
    const [rows]: [ParkedBooking[], number] = await manager.query(
      ...BOOKINGS.park(item, itemFailures, PARKED),
    );
    if (isAnswered) await this.#answered(manager, item);
    return rows[0];
  }

  /** Makes parked bookings due again, to the addresses given; also where a label was expected. */
  async resume(
    manager: EntityManager,
    bookings: readonly { readonly orderId: string; readonly shipTo: ShipTo }[],
  ): Promise<void> {
    await manager.query(
      `UPDATE shipment SET due_at = now(), item_failures = 0, updated_at = now(), expects_label = false,
         ship_to = CASE WHEN status = 'REQUESTED' THEN resumed.ship_to ELSE shipment.ship_to END
       FROM unnest($1::uuid[], $2::json[]) AS resumed (order_id, ship_to)
       WHERE shipment.order_id = resumed.order_id AND status IN ('REQUESTED', 'CLOSING') AND due_at = 'infinity'`,
      [bookings.map(({ orderId }) => orderId), bookings.map(({ shipTo }) => JSON.stringify(shipTo))],
    );
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(BOOKINGS.backlog('created_at'));
    return rows[0] as Backlog;
  }

  /** Writes what the carrier decided about shipments that were REQUESTED or CLOSING still, and returns these. */
  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: CarrierDecision }[],
  ): Promise<AnnouncedShipment[]> {
    const statuses = (closing: Closing, delivered: boolean): ShipmentStatus[] =>
      decisions.map(({ decision }) =>
        statusAfter(decision, closing, delivered || (decision.booked && decision.deliveredAt !== undefined)),
      );
    const [rows]: [AnnouncedShipment[], number] = await manager.query(
      `UPDATE shipment SET
         status = CASE WHEN delivered_at IS NOT NULL AND decided.booked THEN if_delivered
           WHEN cancelled THEN if_cancelled
           WHEN status = 'CLOSING' THEN if_given_up ELSE otherwise END,
         booked_at = CASE WHEN decided.booked THEN now() END,
         delivered_at = coalesce(decided.decided_delivered_at, delivered_at),
         attempts = CASE WHEN status = 'CLOSING' THEN 0 ELSE attempts END,
         due_at = CASE WHEN status = 'CLOSING' THEN now() ELSE due_at END,
         retrying = false, item_failures = 0,
         carrier = decided.carrier, carrier_reference = decided.reference, tracking_number = decided.tracking_number,
         failure_code = CASE WHEN status = 'CLOSING' THEN coalesce(decided.code, failure_code) ELSE decided.code END,
         failure_reason = CASE WHEN status = 'CLOSING' THEN coalesce(decided.reason, failure_reason) ELSE decided.reason END,
         updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
           $9::text[], $10::text[], $11::timestamptz[], $12::boolean[])
         AS decided (decided_id, otherwise, if_cancelled, if_given_up, if_delivered, carrier, reference,
           tracking_number, code, reason, decided_delivered_at, booked)
       WHERE shipment.id = decided.decided_id AND shipment.status IN ('REQUESTED', 'CLOSING')
       RETURNING ${ANNOUNCED}`,
      [
        decisions.map(({ id }) => id),
        statuses(undefined, false),
        statuses('cancelled', false),
        statuses('given-up', false),
        statuses('cancelled', true),
        decisions.map(({ decision }) => (decision.booked ? (decision.carrier ?? null) : null)),
        decisions.map(({ decision }) => (decision.booked ? (decision.carrierReference ?? null) : null)),
        decisions.map(({ decision }) => (decision.booked ? (decision.trackingNumber ?? null) : null)),
        decisions.map(({ decision }) => (decision.booked ? null : decision.code)),
        decisions.map(({ decision }) => (decision.booked ? null : decision.reason)),
        decisions.map(({ decision }) => (decision.booked ? (decision.deliveredAt ?? null) : null)),
        decisions.map(({ decision }) => decision.booked),
      ],
    );
    return rows;
  }

  async #answered(
    manager: EntityManager,
    { id, attempts }: Pick<WorkItem, 'id' | 'attempts'>,
  ): Promise<void> {
    await manager.query(
      `UPDATE shipment SET answered = answered + 1,
         asked_at = CASE WHEN status = 'CLOSING' AND answered + 1 >= attempts THEN NULL ELSE asked_at END
       WHERE id = $1 AND attempts = $2`,
      [id, attempts],
    );
  }
}

/** SQL for a booking that is closed: without an attempt of unknown outcome it is not in doubt since it was asked for. */
const forgetAnsweredDoubt = (status: string): string =>
  `asked_at = CASE WHEN ${status} = 'CLOSING' AND status = 'REQUESTED' AND attempts <= answered THEN NULL ELSE asked_at END`;

/** SQL that moves a shipment to the status in a parameter: what becomes due anew is due now, without failures. */
const closeTo = (status: string): string =>
  `status = ${status}, updated_at = now(),
   attempts = CASE WHEN ${status} = 'VOIDING' AND status <> ${status} THEN 0 ELSE attempts END,
   retrying = CASE WHEN ${status} = 'VOIDING' AND status <> ${status} THEN false ELSE retrying END,
   item_failures = CASE WHEN status <> ${status} THEN 0 ELSE item_failures END,
   ${forgetAnsweredDoubt(status)},
   due_at = CASE WHEN status <> ${status} AND (${status} = 'VOIDING' OR due_at = 'infinity') THEN now() ELSE due_at END`;

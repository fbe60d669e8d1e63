import type { Cause, ShipTo } from '@orderbridge/contracts';
import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import {
  statusAfter,
  type CarrierDecision,
  type LostLabel,
  type ShipmentStatus,
} from '../../../../apps/shipping/src/domain/shipment.js';
import { NOBODY } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { ShipmentEntity } from '../../../../apps/shipping/src/storage/shipment.entity.js';
import type {
  BookingItem,
  AnnouncedShipment,
  ForgottenShipment,
  NewShipment,
  OwnLabel,
  ParkedBooking,
  ShipmentRepository,
} from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Postponed } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import { WorkRows, type WorkRow } from '../../database/work-rows.js';
import type { Public } from '../../public.js';

export type ShipmentRow = Public<ShipmentEntity> &
  WorkRow & {
    /** Milliseconds since 1970. */
    readonly askedAt: number | null;
  };

export class ShippingTables {
  /** By order: it is unique. */
  readonly shipments = new Table<ShipmentRow>('shipment');
  readonly cursor = new Table<{ readonly cursor: string }>('delivery_cursor');
}

export class FakeShipmentRepository implements Public<ShipmentRepository> {
  readonly #bookings: WorkRows<ShipmentRow>;

  constructor(
    private readonly session: Session,
    private readonly tables: ShippingTables,
  ) {
    this.#bookings = new WorkRows(tables.shipments, 'REQUESTED');
  }

  findOfOrder(orderId: string): Promise<ShipmentEntity | null> {
    return this.session.autocommit(
      'finds a shipment',
      (transaction) => transaction.get(this.tables.shipments, orderId) ?? null,
    );
  }

  async insert(manager: EntityManager, shipments: readonly NewShipment[]): Promise<Set<string>> {
    const transaction = await this.session.statement(manager, 'inserts shipments');
    const fresh = new Set<string>();
    for (const shipment of shipments) {
      const now = new Date(transaction.now);
      const inserted = await transaction.insertIfAbsent(this.tables.shipments, shipment.orderId, {
        ...shipment,
        cancelled: false,
        carrier: null,
        carrierReference: null,
        trackingNumber: null,
        failureCode: null,
        failureReason: null,
        attempts: 0,
        retrying: false,
        itemFailures: 0,
        dueAt: transaction.now,
        askedAt: null,
        answered: 0,
        expectsLabel: false,
        labelLost: null,
        disputed: null,
        bookedAt: null,
        deliveredAt: null,
        createdAt: now,
        updatedAt: now,
      });
      if (inserted) fresh.add(shipment.orderId);
    }
    return new Set(shipments.map(({ orderId }) => orderId).filter((orderId) => !fresh.has(orderId)));
  }

  async insertForgotten(manager: EntityManager, shipments: readonly ForgottenShipment[]): Promise<void> {
    const existing = await this.insert(manager, shipments);
    const transaction = await this.session.statement(manager, 'marks forgotten shipments');
    const fresh = new Map(
      shipments.filter(({ orderId }) => !existing.has(orderId)).map((one) => [one.orderId, one.expectsLabel]),
    );
    await transaction.update(
      this.tables.shipments,
      ({ orderId }) => fresh.has(orderId),
      ({ orderId, status }) => ({
        attempts: 1,
        retrying: true,
        cancelled: status === 'CLOSING',
        expectsLabel: fresh.get(orderId) ?? false,
      }),
    );
  }

  async forgetUser(manager: EntityManager, id: string): Promise<void> {
    const transaction = await this.session.statement(manager, 'forgets a user');
    await transaction.update(
      this.tables.shipments,
      (shipment) => shipment.id === id,
      () => ({ userId: NOBODY }),
    );
  }

  async dispute(manager: EntityManager, id: string, matter: string): Promise<boolean> {
    const transaction = await this.session.statement(manager, 'notes what a person is to decide');
    const noted = await transaction.update(
      this.tables.shipments,
      (shipment) => shipment.id === id && shipment.disputed !== matter,
      () => ({ disputed: matter }),
    );
    return noted.length === 1;
  }

  async loseLabels(
    manager: EntityManager,
    labels: readonly { readonly id: string; readonly lost: LostLabel | null }[],
  ): Promise<void> {
    const transaction = await this.session.statement(manager, 'notes labels that are lost');
    const lost = new Map(labels.map((label) => [label.id, label.lost]));
    await transaction.update(
      this.tables.shipments,
      ({ id }) => lost.has(id),
      ({ id }) => ({ labelLost: lost.get(id) ?? null }),
    );
  }

  bookedAfter(): Promise<OwnLabel[]> {
    throw new Error('The simulator does not reconcile labels.');
  }

  async lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<ShipmentEntity[]> {
    const transaction = await this.session.statement(manager, 'locks shipments');
    const found = [...new Set(orderIds)]
      .map((orderId) => transaction.get(this.tables.shipments, orderId))
      .filter((shipment) => shipment !== undefined)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const locked: ShipmentEntity[] = [];
    for (const { orderId } of found) {
      await transaction.lock(this.tables.shipments, orderId);
      locked.push({ ...(transaction.get(this.tables.shipments, orderId) as ShipmentRow) });
    }
    return locked;
  }

  async cancel(manager: EntityManager, id: string, status: ShipmentStatus, cause: Cause): Promise<void> {
    const transaction = await this.session.statement(manager, 'cancels a shipment');
    await transaction.update(
      this.tables.shipments,
      (shipment) => shipment.id === id,
      (before) => ({
        status,
        cancelled: true,
        cause,
        ...(status === 'CLOSING' && doubtOf(before)),
        ...(before.status !== status && {
          itemFailures: 0,
          ...((status === 'VOIDING' || before.dueAt === Infinity) && { dueAt: transaction.now }),
          ...(status === 'VOIDING' && { attempts: 0, retrying: false }),
        }),
      }),
    );
  }

  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<AnnouncedShipment[]> {
    const transaction = await this.session.statement(manager, 'gives bookings up');
    const rows = await transaction.update(
      this.tables.shipments,
      (shipment) => orderIds.includes(shipment.orderId) && isOpen(shipment) && shipment.dueAt === Infinity,
      (before): Partial<ShipmentRow> => ({
        failureCode: 'GivenUp',
        failureReason: 'The booking was given up.',
        status: before.status === 'REQUESTED' ? 'CLOSING' : before.cancelled ? 'CANCELLED' : 'FAILED',
        dueAt: transaction.now,
        itemFailures: 0,
        ...doubtOf(before),
      }),
    );
    return rows.filter(({ status }) => status !== 'CLOSING').map(announced);
  }

  takeDue(request: TakeRequest): Promise<BookingItem[]> {
    return this.session.autocommit('takes due bookings', (transaction) =>
      this.#bookings
        .take(transaction, request, { askedAt: transaction.now })
        .map(({ id, attempts, itemFailures, orderId, shipTo, pieces, cause, answered, expectsLabel }) => ({
          id,
          attempts,
          itemFailures,
          orderId,
          shipTo: shipTo as BookingItem['shipTo'],
          pieces,
          cause,
          answered,
          expectsLabel,
        })),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due bookings', (transaction) =>
      this.#bookings.backlog(transaction, ({ createdAt }) => createdAt),
    );
  }

  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
    isAnswered: boolean,
  ): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a booking');
    const row = await this.#bookings.postpone(transaction, item, postponement);
    if (isAnswered) await this.#answered(transaction, item);
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
    isAnswered: boolean,
  ): Promise<ParkedBooking | undefined> {
    const transaction = await this.session.statement(manager, 'parks a booking');
    const row = await this.#bookings.park(transaction, item, itemFailures);
    if (isAnswered) await this.#answered(transaction, item);
    return row && parked(row);
  }

  async resume(
    manager: EntityManager,
    bookings: readonly { readonly orderId: string; readonly shipTo: ShipTo }[],
  ): Promise<void> {
    const transaction = await this.session.statement(manager, 'resumes bookings');
    for (const { orderId, shipTo } of bookings)
      await transaction.update(
        this.tables.shipments,
        (shipment) => shipment.orderId === orderId && isOpen(shipment) && shipment.dueAt === Infinity,
        ({ status }) => ({
          dueAt: transaction.now,
          itemFailures: 0,
          expectsLabel: false,
          ...(status === 'REQUESTED' && { shipTo }),
        }),
      );
  }

  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: CarrierDecision }[],
  ): Promise<AnnouncedShipment[]> {
    const transaction = await this.session.statement(manager, 'writes what the carrier decided');
    const decided: AnnouncedShipment[] = [];
    for (const { id, decision } of decisions) {
      const rows = await transaction.update(
        this.tables.shipments,
        (shipment) => shipment.id === id && isOpen(shipment),
        ({ status, cancelled, deliveredAt, failureCode, failureReason }) => {
          const closing = cancelled ? 'cancelled' : status === 'CLOSING' ? 'given-up' : undefined;
          const known = deliveredAt ?? (decision.booked ? decision.deliveredAt : undefined);
          return {
            status: statusAfter(decision, closing, known !== undefined),
            bookedAt: decision.booked ? new Date(transaction.now) : null,
            deliveredAt: (decision.booked ? decision.deliveredAt : undefined) ?? deliveredAt,
            retrying: false,
            itemFailures: 0,
            ...(status === 'CLOSING' && { attempts: 0, dueAt: transaction.now }),
            carrier: decision.booked ? decision.carrier : null,
            carrierReference: decision.booked ? decision.carrierReference : null,
            trackingNumber: decision.booked ? decision.trackingNumber : null,
            failureCode: decision.booked ? (status === 'CLOSING' ? failureCode : null) : decision.code,
            failureReason: decision.booked ? (status === 'CLOSING' ? failureReason : null) : decision.reason,
          };
        },
      );
      decided.push(...rows.map(announced));
    }
    return decided;
  }

  async #answered(
    transaction: Awaited<ReturnType<Session['statement']>>,
    { id, attempts }: Pick<WorkItem, 'id' | 'attempts'>,
  ): Promise<void> {
    await transaction.update(
      this.tables.shipments,
      (shipment) => shipment.id === id && shipment.attempts === attempts,
      ({ status, answered, askedAt }) => ({
        answered: answered + 1,
        askedAt: status === 'CLOSING' && answered + 1 >= attempts ? null : askedAt,
      }),
    );
  }
}

const isOpen = ({ status }: ShipmentRow): boolean => status === 'REQUESTED' || status === 'CLOSING';

const doubtOf = ({ status, attempts, answered }: ShipmentRow): Partial<ShipmentRow> =>
  status === 'REQUESTED' && attempts <= answered ? { askedAt: null } : {};

export const parked = ({
  id,
  orderId,
  pieces,
  shipTo,
  cause,
  createdAt: wantedSince,
}: ShipmentRow): ParkedBooking => ({ id, orderId, pieces, shipTo, cause, wantedSince });

export const announced = (row: ShipmentRow): AnnouncedShipment => ({
  id: row.id,
  orderId: row.orderId,
  userId: row.userId,
  status: row.status,
  cancelled: row.cancelled,
  cause: row.cause,
  carrier: row.carrier,
  carrierReference: row.carrierReference,
  trackingNumber: row.trackingNumber,
  deliveredAt: row.deliveredAt,
  failureCode: row.failureCode,
  failureReason: row.failureReason,
});

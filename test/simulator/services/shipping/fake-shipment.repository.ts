import type { Cause } from '@orderbridge/contracts';
import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import {
  statusAfter,
  type CarrierDecision,
  type ShipmentStatus,
} from '../../../../apps/shipping/src/domain/shipment.js';
import type { ShipmentEntity } from '../../../../apps/shipping/src/storage/shipment.entity.js';
import type {
  BookingItem,
  DecidedShipment,
  NewShipment,
  ParkedBooking,
  ShipmentRepository,
} from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Postponed } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import { WorkRows, type WorkRow } from '../../database/work-rows.js';
import type { Public } from '../../public.js';

export type ShipmentRow = Public<ShipmentEntity> & WorkRow;

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
        bookedAt: null,
        deliveredAt: null,
        createdAt: now,
        updatedAt: now,
      });
      if (inserted) fresh.add(shipment.orderId);
    }
    return new Set(shipments.map(({ orderId }) => orderId).filter((orderId) => !fresh.has(orderId)));
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
        ...(status === 'VOIDING' &&
          before.status !== status && {
            attempts: 0,
            retrying: false,
            itemFailures: 0,
            dueAt: transaction.now,
          }),
      }),
    );
  }

  takeDue(request: TakeRequest): Promise<BookingItem[]> {
    return this.session.autocommit('takes due bookings', (transaction) =>
      this.#bookings
        .take(transaction, request)
        .map(({ id, attempts, itemFailures, orderId, shipTo, pieces, cause }) => ({
          id,
          attempts,
          itemFailures,
          orderId,
          shipTo: shipTo as BookingItem['shipTo'],
          pieces,
          cause,
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
  ): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a booking');
    const row = await this.#bookings.postpone(transaction, item, postponement);
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedBooking | undefined> {
    const transaction = await this.session.statement(manager, 'parks a booking');
    const row = await this.#bookings.park(transaction, item, itemFailures);
    if (!row) return undefined;
    const { id, orderId, pieces, shipTo, cause, createdAt: wantedSince } = row;
    return { id, orderId, pieces, shipTo: shipTo as ParkedBooking['shipTo'], cause, wantedSince };
  }

  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await this.#bookings.resume(await this.session.statement(manager, 'resumes bookings'), orderIds);
  }

  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: CarrierDecision }[],
  ): Promise<DecidedShipment[]> {
    const transaction = await this.session.statement(manager, 'writes what the carrier decided');
    const decided: DecidedShipment[] = [];
    for (const { id, decision } of decisions) {
      const rows = await transaction.update(
        this.tables.shipments,
        isRequested(id),
        ({ cancelled, deliveredAt }) => ({
          status:
            !cancelled && decision.booked && deliveredAt ? 'DELIVERED' : statusAfter(decision, cancelled),
          bookedAt: decision.booked ? new Date(transaction.now) : null,
          retrying: false,
          itemFailures: 0,
          ...(cancelled && { attempts: 0, dueAt: transaction.now }),
          carrier: decision.booked ? decision.carrier : null,
          carrierReference: decision.booked ? decision.carrierReference : null,
          trackingNumber: decision.booked ? decision.trackingNumber : null,
          failureCode: decision.booked ? null : decision.code,
          failureReason: decision.booked ? null : decision.reason,
        }),
      );
      for (const { orderId, userId, cause, cancelled, deliveredAt } of rows)
        decided.push({ id, orderId, userId, cause, cancelled, deliveredAt });
    }
    return decided;
  }
}

const isRequested =
  (id: string) =>
  (shipment: ShipmentRow): boolean =>
    shipment.id === id && shipment.status === 'REQUESTED';

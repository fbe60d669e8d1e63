import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderStateReported,
  type Cause,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { OnEvent, type EventContext, type UnitOfWork } from '@orderbridge/messaging';
import { ReconciliationRepository, type Counts } from '@orderbridge/reconciliation';
import { v7 as uuid } from 'uuid';
import { announce, announceDelivery } from '../book-shipments/announce.js';
import { BookingQueue } from '../book-shipments/booking-queue.js';
import { ClosingQueue } from '../close-bookings/closing-queue.js';
import { hasLabel, whenCancelled } from '../domain/shipment.js';
import type { ShipmentEntity } from '../storage/shipment.entity.js';
import {
  NOBODY,
  ShipmentRepository,
  type AnnouncedShipment,
  type ForgottenShipment,
} from '../storage/shipment.repository.js';
import { VoidQueue } from '../void-shipments/void-queue.js';

type OrderStateReported = CloudEvent<DataOf<typeof orderStateReported>>;

/** Statuses of orders that wait for a parcel, or have one. */
const SHIPS: ReadonlySet<string> = new Set(['PAID', 'SHIPPED', 'DELIVERED']);
/** Statuses of orders of which no parcel may leave. */
const ENDED: ReadonlySet<string> = new Set([
  'CANCELLED',
  'REJECTED',
  'PAYMENT_FAILED',
  'FULFILMENT_FAILED',
  'REFUNDED',
]);

/**
 * Compares orders with their shipments. A shipment that was forgotten is requested again, for the carrier answers the label
 * that it has; a label of an order that has ended badly, or does not exist, is voided; what an order has not heard is
 * announced again. Of an order that does not exist the parcel's fate is answered, on which stock and money wait. What a
 * person must decide becomes a dead letter.
 */
@Controller()
export class CompareOrderStateConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly reconciliation: ReconciliationRepository,
    private readonly bookings: BookingQueue,
    private readonly closings: ClosingQueue,
    private readonly voids: VoidQueue,
  ) {}

  @OnEvent(orderStateReported)
  async compare(
    @Payload() events: readonly OrderStateReported[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    // Of several reports about one order the last one counts.
    const reports = new Map(events.map((event) => [event.data.orderId, event]));
    const own = new Map(
      (await this.shipments.lockOfOrders(manager, [...reports.keys()])).map((one) => [one.orderId, one]),
    );
    const missing: ForgottenShipment[] = [];
    const counts: Record<string, number> = {};
    const count = (more: Counts): void => {
      for (const [name, number] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + number;
    };
    for (const [orderId, event] of reports) {
      const shipment = own.get(orderId);
      if (shipment) count(await this.#repair(unitOfWork, event, shipment));
      else missing.push(...forgottenBy(event));
    }
    if (missing.length > 0) await this.shipments.insertForgotten(manager, missing);
    await this.reconciliation.count(manager, counts);
    unitOfWork.afterCommit(() => {
      this.bookings.wake();
      this.closings.wake();
      this.voids.wake();
    });
  }

  async #repair(unit: UnitOfWork, event: OrderStateReported, shipment: ShipmentEntity): Promise<Counts> {
    const { order, parcel } = event.data;
    const cause = causedBy(event);
    const { status } = shipment;
    if (order === null) {
      if (parcel === 'left') return this.#park(unit, event, shipment);
      if (parcel === undefined) await this.#keepBack(unit, shipment, cause);
      return {};
    }
    // It was forgotten while its order was, and that is known again.
    const userId = shipment.userId === NOBODY ? order.userId : shipment.userId;
    const known: AnnouncedShipment = Object.assign(shipment, { userId });
    if (ENDED.has(order.status)) {
      if (status === 'DELIVERED') return this.#park(unit, event, shipment);
      if (status !== 'BOOKED' && status !== 'REQUESTED') return {};
      const next = whenCancelled(status, shipment.attempts);
      await this.shipments.cancel(unit.manager, shipment.id, next, cause);
      return next === 'VOIDING' ? { voided: 1 } : {};
    }
    if (!SHIPS.has(order.status)) return {};
    if (status === 'BOOKED' && shipment.labelLost !== null) return this.#park(unit, event, shipment);
    if (order.status === 'PAID') announce(unit, { ...known, cause, cancelled: false });
    else if (order.status === 'SHIPPED' && status === 'DELIVERED')
      announceDelivery(unit, { ...known, cause });
    else if (!hasLabel(status) && status !== 'REQUESTED') return this.#park(unit, event, shipment);
    return {};
  }

  /** No parcel may leave for an order that does not exist. Whether one has is answered now, or when it is known. */
  async #keepBack(unit: UnitOfWork, shipment: ShipmentEntity, cause: Cause): Promise<void> {
    await this.shipments.forgetUser(unit.manager, shipment.id);
    const changes = { userId: NOBODY, cause, cancelled: true };
    const known: AnnouncedShipment = Object.assign(shipment, changes);
    if (shipment.status === 'DELIVERED') return announce(unit, known);
    const status = whenCancelled(shipment.status, shipment.attempts);
    await this.shipments.cancel(unit.manager, shipment.id, status, cause);
    announce(unit, { ...known, status });
  }

  /** Has a person decide, once about the same. */
  async #park(unit: UnitOfWork, event: OrderStateReported, shipment: ShipmentEntity): Promise<Counts> {
    const { orderId, order } = event.data;
    const { id, status, trackingNumber, labelLost } = shipment;
    const orderStatus = order?.status ?? 'unknown';
    if (!(await this.shipments.dispute(unit.manager, id, `${orderStatus} ${status} ${labelLost ?? ''}`)))
      return {};
    const label = trackingNumber ? ` with the label ${trackingNumber}` : '';
    const lost = labelLost ? `, which is ${labelLost} at the carrier` : '';
    const reason = `The order ${orderId} is ${orderStatus}, and its shipment is ${status}${label}${lost}. Find out where the parcel is; call it back, book or void by hand at the carrier, refund if need be, and discard this dead letter.`;
    const now = new Date();
    sendAsDeadLetter(unit, 'shipping', orderStateReported, event.data, causedBy(event), {
      error: new Error(reason),
      attempts: 1,
      firstTried: now,
      lastTried: now,
    });
    return { parked: 1 };
  }
}

/** The shipment that an order ought to have: one that goes on, or one of which no parcel may leave. */
function forgottenBy(event: OrderStateReported): ForgottenShipment[] {
  const { orderId, order, parcel } = event.data;
  if (parcel !== undefined) return [];
  const expectsLabel = order?.status === 'SHIPPED' || order?.status === 'DELIVERED';
  const shipment = { id: uuid(), orderId, cause: causedBy(event), expectsLabel };
  if (order && SHIPS.has(order.status)) {
    const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    return [{ ...shipment, userId: order.userId, status: 'REQUESTED', shipTo: order.shipTo, pieces }];
  }
  // Nobody asked about an order that never had a label.
  const isAsked = event.cause.causationId !== undefined;
  if (order && !(ENDED.has(order.status) && isAsked)) return [];
  return [{ ...shipment, userId: NOBODY, status: 'CLOSING', shipTo: order?.shipTo ?? null, pieces: 0 }];
}

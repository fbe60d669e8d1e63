import { Controller, Logger } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { causedBy, orderStateReported, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext, type UnitOfWork } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { announce, announceDelivery } from '../book-shipments/announce.js';
import { BookingQueue } from '../book-shipments/booking-queue.js';
import { ClosingQueue } from '../close-bookings/closing-queue.js';
import { whenCancelled } from '../domain/shipment.js';
import type { ShipmentEntity } from '../storage/shipment.entity.js';
import {
  NOBODY,
  ShipmentRepository,
  type AnnouncedShipment,
  type NewShipment,
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
 * announced again. What a person must decide is logged as an error.
 */
@Controller()
export class CompareOrderStateConsumer {
  readonly #logger = new Logger(CompareOrderStateConsumer.name);

  constructor(
    private readonly shipments: ShipmentRepository,
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
    const missing: NewShipment[] = [];
    for (const [orderId, event] of reports) {
      const shipment = own.get(orderId);
      if (shipment) await this.#repair(unitOfWork, event, shipment);
      else missing.push(...forgottenBy(event));
    }
    if (missing.length > 0) await this.shipments.insertForgotten(manager, missing);
    unitOfWork.afterCommit(() => {
      this.bookings.wake();
      this.closings.wake();
      this.voids.wake();
    });
  }

  async #repair(unit: UnitOfWork, event: OrderStateReported, shipment: ShipmentEntity): Promise<void> {
    const { order } = event.data;
    const cause = causedBy(event);
    const { status } = shipment;
    const known: AnnouncedShipment = shipment;
    if (order === null || ENDED.has(order.status)) {
      if (status === 'BOOKED' || status === 'REQUESTED') {
        if (order === null) await this.shipments.forgetUser(unit.manager, shipment.id);
        const next = whenCancelled(status, shipment.attempts);
        await this.shipments.cancel(unit.manager, shipment.id, next, cause);
      } else if (status === 'DELIVERED') this.#mustDecide(shipment, order?.status ?? 'unknown');
    } else if (order.status === 'PAID') announce(unit, { ...known, cause, cancelled: false });
    else if (order.status === 'SHIPPED' && status === 'DELIVERED')
      announceDelivery(unit, { ...known, cause });
    else if (
      SHIPS.has(order.status) &&
      status !== 'BOOKED' &&
      status !== 'DELIVERED' &&
      status !== 'REQUESTED'
    )
      this.#mustDecide(shipment, order.status);
  }

  #mustDecide({ orderId, status }: ShipmentEntity, orderStatus: string): void {
    this.#logger.error({
      orderId,
      message: `The order is ${orderStatus} and its shipment ${status}: somebody must decide`,
    });
  }
}

/** The shipment that an order ought to have: one that goes on, or one of which no parcel may leave. */
function forgottenBy(event: OrderStateReported): NewShipment[] {
  const { orderId, order } = event.data;
  const shipment = { id: uuid(), orderId, cause: causedBy(event) };
  if (order && SHIPS.has(order.status)) {
    const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    return [{ ...shipment, userId: order.userId, status: 'REQUESTED', shipTo: order.shipTo, pieces }];
  }
  // Nobody asked about an order that never had a label.
  const isAsked = event.cause.causationId !== undefined;
  if (order && !(ENDED.has(order.status) && isAsked)) return [];
  return [{ ...shipment, userId: NOBODY, status: 'CLOSING', shipTo: order?.shipTo ?? null, pieces: 0 }];
}

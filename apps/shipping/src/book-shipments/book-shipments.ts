import { Injectable } from '@nestjs/common';
import { bookingRequested, shipmentPostponed } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { PermanentError, UnitsOfWork } from '@orderbridge/messaging';
import {
  capacityWithLookup,
  ItemFailedError,
  type Backlog,
  type CallContext,
  type Capacity,
  type Finished,
  type Postponement,
  type TakeRequest,
  type WorkItemHandlers,
} from '@orderbridge/work-items';
import { isAnswered } from '../carrier/request-faulted.error.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import type { CarrierDecision } from '../domain/shipment.js';
import { VoidQueue } from '../void-shipments/void-queue.js';
import { NOBODY, ShipmentRepository, type BookingItem } from '../storage/shipment.repository.js';
import { announce } from './announce.js';

/** Books what is due with the carrier and announces what it decided. */
@Injectable()
export class BookShipments implements WorkItemHandlers<BookingItem, CarrierDecision> {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly voids: VoidQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return capacityWithLookup(this.operations.booking, this.operations.lookup);
  }

  take(request: TakeRequest): Promise<BookingItem[]> {
    return this.shipments.takeDue(request);
  }

  /**
   * After an attempt of unknown outcome the carrier is asked what it has before it is asked to book again, and once more
   * before a refusal is believed. Of an order that has shipped no second label is bought: the carrier may have forgotten the
   * first.
   *
   * @throws PermanentError when an operator must decide about that.
   */
  async perform(item: BookingItem): Promise<CarrierDecision> {
    const inDoubt = item.attempts - 1 > item.answered;
    if (!inDoubt) return this.#book(item);
    const found = await this.#lookUp(item);
    if (found) {
      this.operations.booking.confirmed(item);
      return found;
    }
    if (item.expectsLabel)
      throw new PermanentError(
        `The order ${item.orderId} has shipped, but the carrier has no label of it. Redrive this dead letter to book a new one, or discard it.`,
      );
    const decision = await this.#book(item, { hasAnswered: true });
    if (decision.booked) return decision;
    const foundSince = await this.#lookUp(item);
    return foundSince ?? decision;
  }

  async postpone(item: BookingItem, postponement: Postponement): Promise<void> {
    const { id: shipmentId, orderId, attempts } = item;
    const { delayMs, error } = postponement;
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.shipments.postpone(unit.manager, item, postponement, isAnswered(error));
      if (!postponed || postponed.userId === NOBODY) return;
      const { userId, cause } = postponed;
      const retry = {
        step: 'booking',
        attempts,
        reason: error.message,
        retryAfter: delayMs / 1_000,
      } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the booking due again, or gives it up. */
  async park(item: BookingItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.shipments.park(unit.manager, item, itemFailures, isAnswered(error));
      if (!parked?.shipTo) return;
      const { id: shipmentId, orderId, pieces, shipTo, cause, wantedSince: firstTried } = parked;
      const rejection = { error, attempts: item.attempts, firstTried, lastTried: new Date() };
      sendAsDeadLetter(
        unit,
        'shipping',
        bookingRequested,
        { orderId, shipmentId, pieces, shipTo },
        cause,
        rejection,
      );
    });
  }

  backlog(): Promise<Backlog> {
    return this.shipments.backlog();
  }

  async settle(finished: readonly Finished<BookingItem, CarrierDecision>[]): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const decided = await this.shipments.decide(
        unit.manager,
        finished.map(({ item: { id }, result: decision }) => ({ id, decision })),
      );
      for (const shipment of decided) announce(unit, shipment);
      // The label of an order that was cancelled meanwhile is due to be voided.
      if (decided.some(({ status }) => status === 'VOIDING')) unit.afterCommit(() => this.voids.wake());
    });
  }

  #book(item: BookingItem, context?: CallContext): Promise<CarrierDecision> {
    return this.operations.booking.execute(item, () => this.carrier.createShipment(item), context);
  }

  /** @throws ItemFailedError when the label that there is cannot be used. */
  #lookUp(item: BookingItem): Promise<CarrierDecision | undefined> {
    return this.operations.lookup.execute(item, async () => {
      const found = await this.carrier.getShipment(item);
      if (!found) return undefined;
      const { carrier, carrierReference, trackingNumber } = found;
      if (!carrier || !carrierReference || !trackingNumber)
        throw new ItemFailedError('The carrier has a shipment, but its label cannot be used.');
      return { booked: true, ...found };
    });
  }
}

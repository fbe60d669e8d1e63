import { Injectable } from '@nestjs/common';
import { bookingRequested, shipmentCancelled, shipmentPostponed } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import type {
  Backlog,
  Capacity,
  Finished,
  Postponement,
  TakeRequest,
  WorkItemHandlers,
} from '@orderbridge/work-items';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import type { CarrierDecision } from '../domain/shipment.js';
import { VoidQueue } from '../void-shipments/void-queue.js';
import { ShipmentRepository, type BookingItem } from '../storage/shipment.repository.js';
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
    return this.operations.booking.capacity;
  }

  take(request: TakeRequest): Promise<BookingItem[]> {
    return this.shipments.takeDue(request);
  }

  perform(item: BookingItem): Promise<CarrierDecision> {
    return this.operations.booking.execute(item, () => this.carrier.createShipment(item));
  }

  async postpone(item: BookingItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.shipments.postpone(unit.manager, item, postponement);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const { id: shipmentId, orderId, attempts } = item;
      const { error, delayMs } = postponement;
      const retry = {
        step: 'booking',
        attempts,
        reason: error.message,
        retryAfter: delayMs / 1_000,
      } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the booking due again. */
  async park(item: BookingItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.shipments.park(unit.manager, item, itemFailures);
      if (!parked) return;
      const { id: shipmentId, orderId, pieces, shipTo, cause, wantedSince } = parked;
      const rejection = { error, attempts: item.attempts, firstTried: wantedSince, lastTried: new Date() };
      const data = { orderId, shipmentId, pieces, shipTo };
      sendAsDeadLetter(unit, 'shipping', bookingRequested, data, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.shipments.backlog();
  }

  async settle(finished: readonly Finished<BookingItem, CarrierDecision>[]): Promise<void> {
    const decisions = new Map(finished.map(({ item, result }) => [item.id, result]));
    await this.unitsOfWork.run(async (unit) => {
      const decided = await this.shipments.decide(
        unit.manager,
        [...decisions].map(([id, decision]) => ({ id, decision })),
      );
      for (const shipment of decided) {
        const { id: shipmentId, orderId, userId, cause, cancelled } = shipment;
        const decision = decisions.get(shipmentId) as CarrierDecision;
        // The label of a cancelled order is due to be voided now, and is told when it is.
        if (cancelled && decision.booked) unit.afterCommit(() => this.voids.wake());
        else if (cancelled) unit.send(shipmentCancelled, { orderId, userId, shipmentId }, cause);
        else announce(unit, shipment, decision);
      }
    });
  }
}

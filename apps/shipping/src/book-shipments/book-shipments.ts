import { Injectable } from '@nestjs/common';
import { shipmentCancelled, shipmentPostponed } from '@orderbridge/contracts';
import { UnitsOfWork } from '@orderbridge/messaging';
import type { Backlog, Finished, WorkItemHandlers } from '@orderbridge/work-items';
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
    private readonly voids: VoidQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): number {
    return this.carrier.capacity;
  }

  take(limit: number, lease: number): Promise<BookingItem[]> {
    return this.shipments.takeDue(limit, lease);
  }

  perform(item: BookingItem): Promise<CarrierDecision> {
    return this.carrier.createShipment(item);
  }

  async postpone(
    { id: shipmentId, orderId, attempts }: BookingItem,
    delay: number,
    error: Error,
  ): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.shipments.postpone(unit.manager, shipmentId, delay);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const retry = { step: 'booking', attempts, reason: error.message, retryAfter: delay / 1_000 } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
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

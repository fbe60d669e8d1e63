import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { causedBy, orderCancelling, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { announce, announceTooLate } from '../book-shipments/announce.js';
import { ClosingQueue } from '../close-bookings/closing-queue.js';
import { whenCancelled } from '../domain/shipment.js';
import { ShipmentRepository, type AnnouncedShipment } from '../storage/shipment.repository.js';
import { VoidQueue } from '../void-shipments/void-queue.js';

/**
 * Cancels the shipments of cancelled orders, wherever they are: one that was never asked for is closed, a label that was
 * bought is voided, and about a booking that may be in flight the carrier is asked. An order of which nothing is known yet
 * gets a closed shipment, so that a payment that is heard of later buys no label. Who asks again is answered again. For a
 * parcel that was delivered it is too late.
 */
@Controller()
export class CancelShipmentsConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly closings: ClosingQueue,
    private readonly voids: VoidQueue,
  ) {}

  @OnEvent(orderCancelling)
  async cancel(
    @Payload() events: readonly CloudEvent<DataOf<typeof orderCancelling>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const causes = new Map(events.map((event) => [event.data.orderId, causedBy(event)]));
    await this.shipments.insert(
      manager,
      events.map((event) => ({
        id: uuid(),
        orderId: event.data.orderId,
        userId: event.data.userId,
        status: 'CANCELLED',
        shipTo: null,
        pieces: 0,
        cause: causedBy(event),
      })),
    );
    for (const shipment of await this.shipments.lockOfOrders(manager, [...causes.keys()])) {
      const cause = causes.get(shipment.orderId) ?? shipment.cause;
      const known: AnnouncedShipment = shipment;
      if (shipment.status === 'DELIVERED') {
        announceTooLate(unitOfWork, { ...known, cause });
        continue;
      }
      const status = whenCancelled(shipment.status, shipment.attempts);
      await this.shipments.cancel(manager, shipment.id, status, cause);
      announce(unitOfWork, { ...known, status, cause, cancelled: true });
    }
    unitOfWork.afterCommit(() => {
      this.closings.wake();
      this.voids.wake();
    });
  }
}

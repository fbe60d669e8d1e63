import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { causedBy, paymentProcessed, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { BookingQueue } from '../book-shipments/booking-queue.js';
import { announce } from '../book-shipments/announce.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';

/**
 * Requests a shipment for each order that is paid. Of an order that has one it is announced again what has become of
 * it: the order may have been nudged.
 */
@Controller()
export class RequestShipmentsConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly bookings: BookingQueue,
  ) {}

  @OnEvent(paymentProcessed)
  async request(
    @Payload() events: readonly CloudEvent<DataOf<typeof paymentProcessed>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const existing = await this.shipments.insert(
      unitOfWork.manager,
      events.map((event) => ({
        id: uuid(),
        orderId: event.data.orderId,
        userId: event.data.userId,
        status: 'REQUESTED',
        shipTo: event.data.shipTo,
        pieces: event.data.lines.reduce((sum, { quantity }) => sum + quantity, 0),
        cause: causedBy(event),
      })),
    );
    if (existing.size > 0) {
      for (const shipment of await this.shipments.lockOfOrders(unitOfWork.manager, [...existing]))
        announce(unitOfWork, shipment);
    }
    unitOfWork.afterCommit(() => this.bookings.wake());
  }
}

import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { bookingRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { BookingQueue } from './booking-queue.js';

/** Makes parked bookings due again when an operator has redriven their dead letters. */
@Controller()
export class ResumeBookingsConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly queue: BookingQueue,
  ) {}

  @OnEvent(bookingRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof bookingRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.shipments.resume(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}

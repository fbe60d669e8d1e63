import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { bookingRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { ClosingQueue } from '../close-bookings/closing-queue.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { announce } from './announce.js';
import { BookingQueue } from './booking-queue.js';

/** Makes parked bookings due again, to the address as it was edited, or gives them up, as their dead letters say. */
@Controller()
export class ResumeBookingsConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly bookings: BookingQueue,
    private readonly closings: ClosingQueue,
  ) {}

  @OnEvent(bookingRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof bookingRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    // Of several decisions about one order the last one counts.
    const decisions = [...new Map(events.map(({ data }) => [data.orderId, data])).values()];
    const givenUp = decisions.filter(({ decision }) => decision === 'give-up');
    const retried = decisions.filter(({ decision }) => decision !== 'give-up');
    if (retried.length > 0) await this.shipments.resume(unitOfWork.manager, retried);
    if (givenUp.length > 0) {
      const orderIds = givenUp.map(({ orderId }) => orderId);
      for (const shipment of await this.shipments.giveUp(unitOfWork.manager, orderIds))
        announce(unitOfWork, shipment);
    }
    unitOfWork.afterCommit(() => {
      this.bookings.wake();
      this.closings.wake();
    });
  }
}

import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderCancelling,
  shipmentCancelled,
  shipmentNotCancelled,
  shipmentVoided,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { hasNoLabel, whenCancelled } from '../domain/shipment.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { VoidQueue } from '../void-shipments/void-queue.js';

/**
 * Cancels the shipments of cancelled orders, wherever they are: one that was never asked for is closed, a label that was
 * bought is taken back, and a booking that may be under way is brought to its end first. An order of which nothing is
 * known yet gets a closed shipment, so that a payment that is heard of later buys no label. Who asks again is told again.
 * A parcel that was delivered cannot be taken back, and that is announced.
 */
@Controller()
export class CancelShipmentsConsumer {
  constructor(
    private readonly shipments: ShipmentRepository,
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
      const { id: shipmentId, orderId, userId, trackingNumber } = shipment;
      const cause = causes.get(orderId) ?? shipment.cause;
      if (shipment.status === 'DELIVERED') {
        const { carrier, deliveredAt } = shipment;
        unitOfWork.send(
          shipmentNotCancelled,
          {
            orderId,
            userId,
            shipmentId,
            carrier: carrier ?? '',
            trackingNumber: trackingNumber ?? '',
            ...(deliveredAt && { deliveredAt: deliveredAt.toISOString() }),
            reason: 'The parcel was delivered.',
          },
          cause,
        );
        continue;
      }
      const status = whenCancelled(shipment.status, shipment.attempts);
      await this.shipments.cancel(manager, shipmentId, status, cause);
      if (hasNoLabel(status)) unitOfWork.send(shipmentCancelled, { orderId, userId, shipmentId }, cause);
      else if (status === 'VOIDED') {
        const data = { orderId, userId, shipmentId, trackingNumber: trackingNumber ?? '' };
        unitOfWork.send(shipmentVoided, data, cause);
      }
    }
    unitOfWork.afterCommit(() => this.voids.wake());
  }
}

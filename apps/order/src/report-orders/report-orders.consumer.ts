import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOrderStateRequested,
  paymentOrderStateRequested,
  shippingOrderStateRequested,
  type CloudEvent,
  type OrderStateRequested,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { OrderRepository } from '../storage/order.repository.js';
import { reportOrder } from './report-order.js';

/** Answers services that reconcile what the state of an order is, also that there is no such order. */
@Controller()
export class ReportOrdersConsumer {
  constructor(private readonly orders: OrderRepository) {}

  @OnEvent(inventoryOrderStateRequested, paymentOrderStateRequested, shippingOrderStateRequested)
  async report(
    @Payload() events: readonly CloudEvent<OrderStateRequested>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    // Locked, so that the report is sent in order with what else is said of the order.
    const orders = await this.orders.lockWhole(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    const asked = new Map(events.map((event) => [event.data.orderId, event]));
    // Of several requests one is answered; what one of them has said of the parcel counts.
    const parcels = new Map(
      events.flatMap(({ data: { orderId, parcel } }) => (parcel ? [[orderId, parcel] as const] : [])),
    );
    for (const [orderId, event] of asked)
      reportOrder(unitOfWork, orderId, orders.get(orderId), causedBy(event), parcels.get(orderId));
  }
}

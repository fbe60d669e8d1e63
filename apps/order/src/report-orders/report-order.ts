import { orderStateReported, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import { detailsOf } from '../place-order/order-details.js';
import type { OrderEntity } from '../storage/order.entity.js';

/** Reports the state of an order, locked in the unit of work; undefined for an order that does not exist. */
export function reportOrder(
  unit: UnitOfWork,
  orderId: string,
  order: OrderEntity | undefined,
  cause: Cause,
): void {
  if (!order) {
    unit.send(orderStateReported, { orderId, order: null }, cause);
    return;
  }
  const { status, awaiting, createdAt, invoiceNumber, trackingNumber } = order;
  const { orderId: _orderId, items: _items, ...details } = detailsOf(order);
  const state = { status, awaiting: [...awaiting], createdAt: createdAt.toISOString() };
  unit.send(
    orderStateReported,
    { orderId, order: { ...details, ...state, invoiceNumber, trackingNumber } },
    cause,
  );
}

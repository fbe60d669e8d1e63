import { orderStateReported, type Cause, type ParcelFate } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import { detailsOf } from '../place-order/order-details.js';
import type { OrderEntity } from '../storage/order.entity.js';

/**
 * Reports the state of an order, locked in the unit of work; undefined for an order that does not exist. Of such an order
 * the parcel's fate, where shipping has said it, is passed on.
 */
export function reportOrder(
  unit: UnitOfWork,
  orderId: string,
  order: OrderEntity | undefined,
  cause: Cause,
  parcel?: ParcelFate,
): void {
  if (!order) {
    unit.send(orderStateReported, { orderId, order: null, ...(parcel && { parcel }) }, cause);
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

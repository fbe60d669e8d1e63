import {
  orderCancellationConfirmed,
  orderCancellationRefused,
  orderCancelled,
  orderCancelling,
  orderDelivered,
  orderFulfilmentFailed,
  orderPaid,
  orderPaymentFailed,
  orderRefunded,
  orderRejected,
  orderReserved,
  orderShipped,
  toMajorUnits,
  type Cause,
  type CloudEvent,
  type EventContract,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import {
  announcementOf,
  type Announcement,
  type Fulfilment,
  type OrderStatus,
} from '../domain/fulfilment.js';
import type { OrderProgress } from '../storage/order.repository.js';

const STATUS_CHANGES: Readonly<
  Record<
    Exclude<Announcement, 'order.created' | 'order.cancelling' | 'order.cancellation-confirmed'>,
    EventContract<OrderStatusChanged>
  >
> = {
  'order.reserved': orderReserved,
  'order.paid': orderPaid,
  'order.shipped': orderShipped,
  'order.delivered': orderDelivered,
  'order.rejected': orderRejected,
  'order.payment-failed': orderPaymentFailed,
  'order.fulfilment-failed': orderFulfilmentFailed,
  'order.refunded': orderRefunded,
  'order.cancelled': orderCancelled,
  'order.cancellation-refused': orderCancellationRefused,
};

/** Announces that an order has come to where it is now; undefined when that is nobody's business. */
export function announceProgress(
  unit: UnitOfWork,
  before: Fulfilment,
  order: OrderProgress,
  cause: Cause,
): CloudEvent | undefined {
  const announcement = announcementOf(before, order);
  if (!announcement) return undefined;
  if (announcement === 'order.created')
    throw new Error(`The order ${order.id} cannot come to be ${order.status}.`);
  return announce(unit, announcement, order, before.status, cause);
}

/** Sends an announcement about an order where it is now. */
export function announce(
  unit: UnitOfWork,
  announcement: Exclude<Announcement, 'order.created'>,
  order: OrderProgress,
  previousStatus: OrderStatus,
  cause: Cause,
): CloudEvent {
  const { id: orderId, userId, status, total, currency, reason } = order;
  if (announcement === 'order.cancelling' || announcement === 'order.cancellation-confirmed') {
    const data = { orderId, userId, totalAmount: toMajorUnits(total), currency, reason: reason ?? '' };
    return announcement === 'order.cancelling'
      ? unit.send(orderCancelling, { ...data, previousStatus }, cause)
      : unit.send(orderCancellationConfirmed, data, cause);
  }
  const data = { orderId, userId, status, previousStatus, ...(reason && { reason }) };
  return unit.send(STATUS_CHANGES[announcement], data, cause);
}

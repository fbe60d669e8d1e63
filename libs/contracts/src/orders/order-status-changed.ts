import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent, type EventContract } from '../envelope/event-contract.js';
import { id } from './order-details.js';

const schema = z.object({
  orderId: id,
  userId: id,
  status: z.string(),
  previousStatus: z.string(),
  /** Why, in words a customer can read; only where an order ends badly. */
  reason: z.string().optional(),
});
export type OrderStatusChanged = z.infer<typeof schema>;

const statusChange = (type: string): EventContract<OrderStatusChanged> =>
  defineEvent({ type, version: 1, destinations: [ORDERS], schema });

/** An order's status changed: one type per status it can change to. */
export const orderReserved = statusChange('order.reserved');
export const orderPaid = statusChange('order.paid');
export const orderShipped = statusChange('order.shipped');
export const orderDelivered = statusChange('order.delivered');
export const orderRejected = statusChange('order.rejected');
export const orderPaymentFailed = statusChange('order.payment-failed');
export const orderFulfilmentFailed = statusChange('order.fulfilment-failed');
export const orderRefunded = statusChange('order.refunded');
export const orderCancelled = statusChange('order.cancelled');
/** It was too late: an order that was CANCELLING is SHIPPED or DELIVERED after all. Stock and money stay as they are. */
export const orderCancellationRefused = statusChange('order.cancellation-refused');

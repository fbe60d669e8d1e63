import { z } from 'zod';
import { INVENTORY, PAYMENTS, SHIPMENTS } from '../destinations.js';
import type { Destination } from '../envelope/destination.js';
import { defineEvent, type EventContract } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

const schema = z.object({
  orderId: id,
  /** What does not match, for logs. */
  reason: z.string(),
});
export type OrderStateRequested = z.infer<typeof schema>;

const request = (type: string, destination: Destination): EventContract<OrderStateRequested> =>
  defineEvent({ type, version: 1, destinations: [destination], schema });

/** A service reconciles and needs to know the state of an order: order answers with `order.state-reported`. */
export const inventoryOrderStateRequested = request('inventory.order-state-requested', INVENTORY);
export const paymentOrderStateRequested = request('payment.order-state-requested', PAYMENTS);
export const shippingOrderStateRequested = request('shipping.order-state-requested', SHIPMENTS);

import { z } from 'zod';
import { INVENTORY, PAYMENTS, SHIPMENTS } from '../destinations.js';
import type { Destination } from '../envelope/destination.js';
import { defineEvent, type EventContract } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';
import { parcelFate } from './parcel-fate.js';

const schema = z.object({
  orderId: id,
  /** What does not match, for logs. */
  reason: z.string(),
  /** Shipping's answer to the report that there is no such order; order passes it on to those who have stock and money. */
  parcel: parcelFate.optional(),
});
export type OrderStateRequested = z.infer<typeof schema>;

const request = (type: string, destination: Destination): EventContract<OrderStateRequested> =>
  defineEvent({ type, version: 1, destinations: [destination], schema });

/** A service reconciles and needs to know the state of an order: order answers with `order.state-reported`. */
export const inventoryOrderStateRequested = request('inventory.order-state-requested', INVENTORY);
export const paymentOrderStateRequested = request('payment.order-state-requested', PAYMENTS);
export const shippingOrderStateRequested = request('shipping.order-state-requested', SHIPMENTS);

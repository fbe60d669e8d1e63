import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id, orderDetails } from '../orders/order-details.js';
import { parcelFate } from './parcel-fate.js';

/**
 * The state of an order, for reconciliation: each service compares it with what it has itself, and repairs. It comes in
 * order with the order's other events, so that what it says is not older than what they said.
 */
export const orderStateReported = defineEvent({
  type: 'order.state-reported',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({
    orderId: id,
    /** Of an order that does not exist, once shipping has said so. */
    parcel: parcelFate.optional(),
    /** Null when there is no such order. */
    order: orderDetails
      .omit({ orderId: true })
      .extend({
        status: z.string(),
        /** What is not undone yet of an order that is CANCELLING: stock, payment, shipment. */
        awaiting: z.array(z.string()),
        createdAt: z.iso.datetime(),
        /** Whether the order has been paid at some time, as far as it knows. */
        invoiceNumber: z.string().nullable(),
        trackingNumber: z.string().nullable(),
      })
      .nullable(),
  }),
});

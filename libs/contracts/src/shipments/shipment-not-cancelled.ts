import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The parcel of an order that was to be cancelled cannot be kept back: it was delivered, or the carrier refuses. */
export const shipmentNotCancelled = defineEvent({
  type: 'shipment.not-cancelled',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    shipmentId: id,
    carrier: z.string(),
    trackingNumber: z.string(),
    /** By the carrier's clock; absent when the parcel is not delivered. */
    deliveredAt: z.iso.datetime().optional(),
    /** Why, in words a customer can read. */
    reason: z.string(),
  }),
});

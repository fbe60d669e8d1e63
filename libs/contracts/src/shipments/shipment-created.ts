import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The carrier has booked the shipment; its label can be printed. */
export const shipmentCreated = defineEvent({
  type: 'shipment.created',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    shipmentId: id,
    carrier: z.string(),
    trackingNumber: z.string(),
  }),
});

import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The carrier has handed the shipment over to its recipient. */
export const shipmentDelivered = defineEvent({
  type: 'shipment.delivered',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    shipmentId: id,
    trackingNumber: z.string(),
    /** By the carrier's clock. */
    deliveredAt: z.iso.datetime(),
  }),
});

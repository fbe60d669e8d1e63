import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The carrier refused the shipment for good; no label was bought. */
export const shipmentFailed = defineEvent({
  type: 'shipment.failed',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    shipmentId: id,
    /** The carrier's fault code, e.g. `InvalidAddress`. */
    code: z.string(),
    reason: z.string(),
  }),
});

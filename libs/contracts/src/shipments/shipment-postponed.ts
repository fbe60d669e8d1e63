import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The carrier did not decide; it is asked again. */
export const shipmentPostponed = defineEvent({
  type: 'shipment.postponed',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    shipmentId: id,
    step: z.enum(['booking', 'void']),
    /** How often it was asked so far. */
    attempts: z.int().min(1),
    reason: z.string(),
    /** Seconds until it is asked again. */
    retryAfter: z.number().min(0),
  }),
});

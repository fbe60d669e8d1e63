import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The carrier took the label of a cancelled order back. */
export const shipmentVoided = defineEvent({
  type: 'shipment.voided',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({ orderId: id, userId: id, shipmentId: id, trackingNumber: z.string() }),
});

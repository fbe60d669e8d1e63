import { z } from 'zod';
import { SHIPMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** No label was bought for a cancelled order, and none will be. */
export const shipmentCancelled = defineEvent({
  type: 'shipment.cancelled',
  version: 1,
  destinations: [SHIPMENTS],
  schema: z.object({ orderId: id, userId: id, shipmentId: id }),
});

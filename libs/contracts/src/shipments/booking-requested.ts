import { z } from 'zod';
import { decision } from '../dead-letters/decision.js';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id, shipTo } from '../orders/order-details.js';

/**
 * A booking that failed by itself is to be made, to another address where it was edited, or given up. It is stored as a
 * dead letter from the last attempt on, until an operator redrives it.
 */
export const bookingRequested = defineEvent({
  type: 'booking.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({ orderId: id, shipmentId: id, pieces: z.int().min(1), shipTo, decision }),
});

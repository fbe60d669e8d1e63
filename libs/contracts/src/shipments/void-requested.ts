import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { decision } from '../dead-letters/decision.js';
import { id } from '../orders/order-details.js';

/**
 * A label that could not be voided is to be voided again, or given up. It is stored as a dead letter from the last
 * attempt on, until an operator redrives it.
 */
export const voidRequested = defineEvent({
  type: 'void.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({ orderId: id, shipmentId: id, decision }),
});

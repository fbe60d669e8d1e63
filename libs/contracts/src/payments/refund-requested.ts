import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { decision } from '../dead-letters/decision.js';
import { id } from '../orders/order-details.js';

/**
 * A refund that the gateway has refused is to be requested again, or given up. It is stored as a dead letter from the
 * refusal on, until an operator redrives it.
 */
export const refundRequested = defineEvent({
  type: 'refund.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({ orderId: id, paymentId: id, amount, currency, decision }),
});

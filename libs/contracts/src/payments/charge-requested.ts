import { z } from 'zod';
import { decision } from '../dead-letters/decision.js';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { id, paymentToken } from '../orders/order-details.js';

/**
 * A charge that failed by itself is to be made, with another payment token where it was edited, or given up. It is
 * stored as a dead letter from the last attempt on, until an operator redrives it.
 */
export const chargeRequested = defineEvent({
  type: 'charge.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({
    orderId: id,
    paymentId: id,
    amount,
    currency,
    paymentToken,
    decision,
  }),
});

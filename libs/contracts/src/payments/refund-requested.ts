import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { id } from '../orders/order-details.js';

/**
 * A refund that the gateway has refused is to be asked for again. It lies in the dead letters from the refusal on, until
 * an operator sends it.
 */
export const refundRequested = defineEvent({
  type: 'refund.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({ orderId: id, paymentId: id, amount, currency }),
});

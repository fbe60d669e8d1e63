import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { id } from './order-details.js';

/**
 * An order is to be undone, wherever it is: inventory, payment and shipping each answer that they have, also when there
 * is nothing to undo. It may reach them before what it undoes does.
 */
export const orderCancelling = defineEvent({
  type: 'order.cancelling',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({
    orderId: id,
    userId: id,
    previousStatus: z.string(),
    totalAmount: amount,
    currency,
    reason: z.string(),
  }),
});

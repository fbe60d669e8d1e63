import { z } from 'zod';
import { PAYMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { id } from '../orders/order-details.js';

/** The whole charge of an order was given back. */
export const paymentRefunded = defineEvent({
  type: 'payment.refunded',
  version: 1,
  destinations: [PAYMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    paymentId: id,
    /** The gateway's id of the refund. */
    refundId: z.string(),
    amount,
    currency,
  }),
});

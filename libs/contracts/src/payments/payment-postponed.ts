import { z } from 'zod';
import { PAYMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The payment gateway did not decide; it is asked again. */
export const paymentPostponed = defineEvent({
  type: 'payment.postponed',
  version: 1,
  destinations: [PAYMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    paymentId: id,
    step: z.enum(['charge', 'refund']),
    /** How often it was asked so far. */
    attempts: z.int().min(1),
    reason: z.string(),
    /** Seconds until it is asked again. */
    retryAfter: z.number().min(0),
  }),
});

import { z } from 'zod';
import { PAYMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** The gateway refused the charge for good; no money was taken. */
export const paymentFailed = defineEvent({
  type: 'payment.failed',
  version: 1,
  destinations: [PAYMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    paymentId: id,
    /** The gateway's code, e.g. `card_declined`. */
    code: z.string(),
    reason: z.string(),
  }),
});

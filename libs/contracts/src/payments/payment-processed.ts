import { z } from 'zod';
import { PAYMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { id, orderLine, shipTo } from '../orders/order-details.js';

/** An order's total was charged. */
export const paymentProcessed = defineEvent({
  type: 'payment.processed',
  version: 1,
  destinations: [PAYMENTS],
  schema: z.object({
    orderId: id,
    userId: id,
    paymentId: id,
    /** The gateway's id of the charge. */
    chargeId: z.string(),
    invoiceNumber: z.string(),
    amount,
    currency,
    lines: z.array(orderLine).min(1),
    shipTo,
  }),
});

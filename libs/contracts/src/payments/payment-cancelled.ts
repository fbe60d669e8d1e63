import { z } from 'zod';
import { PAYMENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** A cancelled order was not charged, and will not be. */
export const paymentCancelled = defineEvent({
  type: 'payment.cancelled',
  version: 1,
  destinations: [PAYMENTS],
  schema: z.object({ orderId: id, userId: id, paymentId: id }),
});

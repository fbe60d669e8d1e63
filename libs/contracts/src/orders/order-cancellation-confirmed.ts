import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { text } from '../text.js';
import { id } from './order-details.js';

/**
 * The parcel of an order that is CANCELLING will not leave: inventory releases its stock and payment refunds or closes
 * its payment. Each answers that it has, also when there is nothing to undo, and again when asked again.
 */
export const orderCancellationConfirmed = defineEvent({
  type: 'order.cancellation-confirmed',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({
    orderId: id,
    userId: id,
    totalAmount: amount,
    currency,
    reason: text(1_000),
  }),
});

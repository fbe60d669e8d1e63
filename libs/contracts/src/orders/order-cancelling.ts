import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { amount, currency } from '../money.js';
import { text } from '../text.js';
import { id } from './order-details.js';

/**
 * An order is to be cancelled. Shipping decides whether its parcel can still be kept back, and answers
 * `shipment.cancelled`, `shipment.voided` or `shipment.not-cancelled`, again when asked again. Inventory and payment only
 * see to it that nothing new is begun for the order; what they have done is undone on `order.cancellation-confirmed`. It
 * may reach them before what it cancels does.
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
    reason: text(1_000),
  }),
});

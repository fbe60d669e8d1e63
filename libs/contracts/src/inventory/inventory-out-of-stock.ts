import { z } from 'zod';
import { INVENTORY, INVENTORY_EVENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** At least one line of an order lacks stock; nothing is reserved. */
export const inventoryOutOfStock = defineEvent({
  type: 'inventory.out-of-stock',
  version: 1,
  destinations: [INVENTORY_EVENTS, INVENTORY],
  schema: z.object({
    orderId: id,
    userId: id,
    totalAmount: z.number(),
    currency: z.string(),
    lacking: z
      .array(
        z.object({ productId: id, name: z.string(), requested: z.int().min(1), available: z.int().min(0) }),
      )
      .min(1),
  }),
});

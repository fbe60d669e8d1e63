import { z } from 'zod';
import { INVENTORY } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** What was reserved for an order can be sold again; nothing is reserved for it, and nothing will be. */
export const inventoryReleased = defineEvent({
  type: 'inventory.released',
  version: 1,
  destinations: [INVENTORY],
  schema: z.object({
    orderId: id,
    userId: id,
    /** Empty where nothing was reserved, for an order that was cancelled. */
    lines: z.array(z.object({ productId: id, quantity: z.int().min(1) })),
  }),
});

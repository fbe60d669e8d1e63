import { z } from 'zod';
import { INVENTORY } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/** What was reserved for an order can be sold again. */
export const inventoryReleased = defineEvent({
  type: 'inventory.released',
  version: 1,
  destinations: [INVENTORY],
  schema: z.object({
    orderId: id,
    userId: id,
    lines: z.array(z.object({ productId: id, quantity: z.int().min(1) })).min(1),
  }),
});

import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id, orderDetails } from './order-details.js';

/** An order was accepted. */
export const orderCreated = defineEvent({
  type: 'order.created',
  version: 1,
  destinations: [ORDERS],
  schema: orderDetails.extend({
    /** Quantity by product: the lines once more, in the form older consumers read. */
    items: z.record(id, z.int().min(1)),
  }),
});

import { z } from 'zod';
import { ORDERS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';

/**
 * A label that the carrier has refused to take back is to be taken back. It lies in the dead letters from the refusal on,
 * until an operator sends it.
 */
export const voidRequested = defineEvent({
  type: 'void.requested',
  version: 1,
  destinations: [ORDERS],
  schema: z.object({ orderId: id, shipmentId: id }),
});

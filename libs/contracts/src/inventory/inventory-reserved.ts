import { INVENTORY, INVENTORY_EVENTS } from '../destinations.js';
import { defineEvent } from '../envelope/event-contract.js';
import { orderDetails } from '../orders/order-details.js';

/** All lines of an order are reserved. */
export const inventoryReserved = defineEvent({
  type: 'inventory.reserved',
  version: 1,
  destinations: [INVENTORY_EVENTS, INVENTORY],
  schema: orderDetails,
});

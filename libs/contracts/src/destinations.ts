import { queue, topic } from './envelope/destination.js';

/** One topic per aggregate, keyed by order id. */
export const ORDERS = topic('orders');
export const INVENTORY = topic('inventory');
export const PAYMENTS = topic('payments');
export const SHIPMENTS = topic('shipments');
/** What happens to dead letters; the letters themselves are elsewhere. */
export const DEAD_LETTERS = topic('dead-letters');

/** The money leg: from inventory to payment. Its backout queue is the BOQNAME in deploy/ibm-mq/orderbridge.mqsc. */
export const INVENTORY_EVENTS = queue('INVENTORY.EVENTS');

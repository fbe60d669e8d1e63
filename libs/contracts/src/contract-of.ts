import type { EventContract } from './envelope/event-contract.js';
import { deadLetterRaised, deadLetterRedriven, deadLetterDiscarded } from './dead-letters/dead-letter.js';
import { inventoryOutOfStock } from './inventory/inventory-out-of-stock.js';
import { inventoryReleased } from './inventory/inventory-released.js';
import { inventoryReserved } from './inventory/inventory-reserved.js';
import { orderCancelling } from './orders/order-cancelling.js';
import { orderCreated } from './orders/order-created.js';
import {
  orderReserved,
  orderPaid,
  orderShipped,
  orderDelivered,
  orderRejected,
  orderPaymentFailed,
  orderFulfilmentFailed,
  orderRefunded,
  orderCancelled,
} from './orders/order-status-changed.js';
import { paymentCancelled } from './payments/payment-cancelled.js';
import { paymentFailed } from './payments/payment-failed.js';
import { paymentPostponed } from './payments/payment-postponed.js';
import { paymentProcessed } from './payments/payment-processed.js';
import { paymentRefunded } from './payments/payment-refunded.js';
import { refundRequested } from './payments/refund-requested.js';
import { shipmentCancelled } from './shipments/shipment-cancelled.js';
import { shipmentCreated } from './shipments/shipment-created.js';
import { shipmentDelivered } from './shipments/shipment-delivered.js';
import { shipmentFailed } from './shipments/shipment-failed.js';
import { shipmentPostponed } from './shipments/shipment-postponed.js';
import { shipmentVoided } from './shipments/shipment-voided.js';
import { voidRequested } from './shipments/void-requested.js';

/** Every contract. */
const CONTRACTS = [
  deadLetterRaised,
  deadLetterRedriven,
  deadLetterDiscarded,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  orderCancelling,
  orderCreated,
  orderReserved,
  orderPaid,
  orderShipped,
  orderDelivered,
  orderRejected,
  orderPaymentFailed,
  orderFulfilmentFailed,
  orderRefunded,
  orderCancelled,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  refundRequested,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentPostponed,
  shipmentVoided,
  voidRequested,
] as readonly unknown[] as readonly EventContract[];

const byType = new Map(CONTRACTS.map((contract) => [contract.type, contract]));

/** The contract of a type; undefined when there is none. */
export const contractOf = (type: string): EventContract | undefined => byType.get(type);

import type { EventContract } from './envelope/event-contract.js';
import { deadLetterRaised, deadLetterRedriven, deadLetterDiscarded } from './dead-letters/dead-letter.js';
import { inventoryOutOfStock } from './inventory/inventory-out-of-stock.js';
import { inventoryReleased } from './inventory/inventory-released.js';
import { inventoryReserved } from './inventory/inventory-reserved.js';
import { orderCancellationConfirmed } from './orders/order-cancellation-confirmed.js';
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
  orderCancellationRefused,
} from './orders/order-status-changed.js';
import { chargeRequested } from './payments/charge-requested.js';
import { paymentCancelled } from './payments/payment-cancelled.js';
import { paymentFailed } from './payments/payment-failed.js';
import { paymentPostponed } from './payments/payment-postponed.js';
import { paymentProcessed } from './payments/payment-processed.js';
import { paymentRefunded } from './payments/payment-refunded.js';
import { refundRequested } from './payments/refund-requested.js';
import { orderStateReported } from './reconciliation/order-state-reported.js';
import {
  inventoryOrderStateRequested,
  paymentOrderStateRequested,
  shippingOrderStateRequested,
} from './reconciliation/order-state-requested.js';
import { bookingRequested } from './shipments/booking-requested.js';
import { shipmentCancelled } from './shipments/shipment-cancelled.js';
import { shipmentCreated } from './shipments/shipment-created.js';
import { shipmentDelivered } from './shipments/shipment-delivered.js';
import { shipmentFailed } from './shipments/shipment-failed.js';
import { shipmentNotCancelled } from './shipments/shipment-not-cancelled.js';
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
  inventoryOrderStateRequested,
  orderCancellationConfirmed,
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
  orderCancellationRefused,
  orderStateReported,
  chargeRequested,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  refundRequested,
  paymentOrderStateRequested,
  bookingRequested,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentPostponed,
  shipmentVoided,
  voidRequested,
  shippingOrderStateRequested,
] as readonly unknown[] as readonly EventContract[];

const byType = new Map(CONTRACTS.map((contract) => [contract.type, contract]));

/** The contract of a type; undefined when there is none. */
export const contractOf = (type: string): EventContract | undefined => byType.get(type);

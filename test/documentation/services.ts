import type { Environment } from '@orderbridge/service';
import { carrierEnvironment } from '../../apps/carrier-mock/src/carrier-environment.js';
import { deskEnvironment } from '../../apps/dead-letter-desk/src/desk-environment.js';
import { inventoryEnvironment } from '../../apps/inventory/src/inventory-environment.js';
import { orderEnvironment } from '../../apps/order/src/order-environment.js';
import { gatewayEnvironment } from '../../apps/payment-gateway-mock/src/gateway-environment.js';
import { paymentEnvironment } from '../../apps/payment/src/payment-environment.js';
import { shippingEnvironment } from '../../apps/shipping/src/shipping-environment.js';

/** What each service takes from its environment, beside what every process does. */
export const SERVICES: Readonly<Record<string, Environment>> = {
  order: orderEnvironment,
  inventory: inventoryEnvironment,
  payment: paymentEnvironment,
  shipping: shippingEnvironment,
  'dead-letter-desk': deskEnvironment,
  'payment-gateway-mock': gatewayEnvironment,
  'carrier-mock': carrierEnvironment,
};

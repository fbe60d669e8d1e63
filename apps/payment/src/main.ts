import { INVENTORY_EVENTS, ORDERS } from '@orderbridge/contracts';
import { kafkaEvents } from '@orderbridge/kafka';
import { ibmMqEvents } from '@orderbridge/messaging-ibm-mq';
import { runService } from '@orderbridge/service';
import { paymentEnvironment } from './payment-environment.js';
import { PaymentModule } from './payment.module.js';

await runService(paymentEnvironment, (config) => ({
  name: 'payment',
  description:
    'Charges orders through the payment gateway, writes their invoices, and refunds those that cannot be shipped.',
  module: PaymentModule.forRoot(config),
  strategies: (app) => [
    ibmMqEvents(app, 'payment', [INVENTORY_EVENTS.name]),
    kafkaEvents(app, 'payment', [ORDERS.name]),
  ],
}));

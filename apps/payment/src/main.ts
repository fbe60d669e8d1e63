import { INVENTORY_EVENTS } from '@orderbridge/contracts';
import { ibmMqEvents } from '@orderbridge/messaging-ibm-mq';
import { runService } from '@orderbridge/service';
import { paymentEnvironment } from './payment-environment.js';
import { PaymentModule } from './payment.module.js';

await runService(paymentEnvironment, (config) => ({
  name: 'payment',
  description: 'Charges orders through the payment gateway and writes their invoices.',
  module: PaymentModule.forRoot(config),
  strategies: (app) => [ibmMqEvents(app, 'payment', [INVENTORY_EVENTS.name])],
}));

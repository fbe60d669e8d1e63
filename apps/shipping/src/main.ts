import { ORDERS, PAYMENTS } from '@orderbridge/contracts';
import { kafkaEvents } from '@orderbridge/kafka';
import { runService } from '@orderbridge/service';
import { shippingEnvironment } from './shipping-environment.js';
import { ShippingModule } from './shipping.module.js';

await runService(shippingEnvironment, (config) => ({
  name: 'shipping',
  description: 'Books shipments with the carrier, keeps their labels, and voids those of cancelled orders.',
  module: ShippingModule.forRoot(config),
  strategies: (app) => [kafkaEvents(app, 'shipping', [ORDERS.name, PAYMENTS.name])],
}));

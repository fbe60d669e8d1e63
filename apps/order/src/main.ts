import { DEAD_LETTERS, INVENTORY, PAYMENTS, SHIPMENTS } from '@orderbridge/contracts';
import { kafkaEvents } from '@orderbridge/kafka';
import { runService } from '@orderbridge/service';
import { orderEnvironment } from './order-environment.js';
import { OrderModule } from './order.module.js';

await runService(orderEnvironment, (config) => ({
  name: 'order',
  description: 'Takes orders and follows them to the shipping label.',
  module: OrderModule.forRoot(config),
  strategies: (app) => [
    kafkaEvents(app, 'order', [INVENTORY.name, PAYMENTS.name, SHIPMENTS.name, DEAD_LETTERS.name]),
  ],
}));

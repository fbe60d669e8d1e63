import { ORDERS } from '@orderbridge/contracts';
import { kafkaEvents } from '@orderbridge/kafka';
import { runService } from '@orderbridge/service';
import { inventoryEnvironment } from './inventory-environment.js';
import { InventoryModule } from './inventory.module.js';

await runService(inventoryEnvironment, (config) => ({
  name: 'inventory',
  description: 'Keeps the stock and reserves it for orders.',
  module: InventoryModule.forRoot(config),
  strategies: (app) => [kafkaEvents(app, 'inventory', [ORDERS.name])],
}));

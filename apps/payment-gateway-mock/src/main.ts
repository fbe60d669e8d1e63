import { runService } from '@orderbridge/service';
import { tokensTable } from './behaviour.js';
import { gatewayEnvironment } from './gateway-environment.js';
import { GatewayModule } from './gateway.module.js';

await runService(gatewayEnvironment, (config) => ({
  name: 'payment-gateway-mock',
  description: `Stands in for a payment gateway. A token decides what becomes of a charge. ${tokensTable()}.`,
  module: GatewayModule.forRoot(config),
}));

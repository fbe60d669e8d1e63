import { runService } from '@orderbridge/service';
import { TOKENS } from './charge.js';
import { gatewayEnvironment } from './gateway-environment.js';
import { GatewayModule } from './gateway.module.js';

await runService(gatewayEnvironment, (config) => ({
  name: 'payment-gateway-mock',
  description:
    `Stands in for a payment gateway. Tokens: ${TOKENS.join(', ')}. ` +
    'tok_timeout charges at once but answers the first request too late; tok_error fails twice before it charges; ' +
    'tok_refund_timeout and tok_refund_error are charged, and do the same to their refund.',
  module: GatewayModule.forRoot(config),
}));

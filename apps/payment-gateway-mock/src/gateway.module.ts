import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Ledger } from '@orderbridge/ledger';
import { ServiceModule } from '@orderbridge/service';
import type { Charge } from './charge.js';
import { ChargesController } from './charges.controller.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';

@Module({})
export class GatewayModule implements OnApplicationShutdown {
  constructor(private readonly ledger: Ledger<Charge>) {}

  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [ServiceModule],
      controllers: [ChargesController],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: Ledger, useFactory: () => Ledger.open<Charge>(config.LEDGER_FOLDER) },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close();
  }
}

import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ServiceModule } from '@orderbridge/service';
import { ChargesController } from './charges.controller.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';
import { ChargeLedger, openCharges, openRefunds, RefundLedger } from './ledgers.js';
import { RefundsController } from './refunds.controller.js';

@Module({})
export class GatewayModule implements OnApplicationShutdown {
  constructor(
    private readonly charges: ChargeLedger,
    private readonly refunds: RefundLedger,
  ) {}

  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [ServiceModule],
      controllers: [ChargesController, RefundsController],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: ChargeLedger, useFactory: () => openCharges(config.LEDGER_FOLDER) },
        { provide: RefundLedger, useFactory: () => openRefunds(config.LEDGER_FOLDER) },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.charges.close(), this.refunds.close()]);
  }
}

import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ServiceModule } from '@orderbridge/service';
import { ChargesController } from './charges.controller.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';
import {
  CHARGE_KEYS,
  CHARGES,
  openChargeKeys,
  openCharges,
  openRefunds,
  REFUNDS,
  type ChargeKeyLedger,
  type ChargeLedger,
  type RefundLedger,
} from './ledgers.js';
import { RefundsController } from './refunds.controller.js';

@Module({})
export class GatewayModule implements OnApplicationShutdown {
  constructor(
    @Inject(CHARGES) private readonly charges: ChargeLedger,
    @Inject(CHARGE_KEYS) private readonly keys: ChargeKeyLedger,
    @Inject(REFUNDS) private readonly refunds: RefundLedger,
  ) {}

  static forRoot(config: GatewayConfig): DynamicModule {
    return {
      module: GatewayModule,
      imports: [ServiceModule],
      controllers: [ChargesController, RefundsController],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: CHARGES, useFactory: () => openCharges(config.LEDGER_FOLDER) },
        {
          provide: CHARGE_KEYS,
          inject: [CHARGES],
          useFactory: (charges: ChargeLedger) => openChargeKeys(config.LEDGER_FOLDER, charges),
        },
        { provide: REFUNDS, useFactory: () => openRefunds(config.LEDGER_FOLDER) },
      ],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.charges.close(), this.keys.close(), this.refunds.close()]);
  }
}

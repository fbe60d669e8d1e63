import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CARRIER_WSDL } from '@orderbridge/contracts';
import { Ledger } from '@orderbridge/ledger';
import { ServiceModule } from '@orderbridge/service';
import { listen } from 'soap';
import type { CarrierConfig } from './carrier-environment.js';
import { Carrier, type CarrierShipment } from './carrier.js';
import { Deliveries } from './deliveries.js';
import { inOperationSpan } from './operation-span.js';
import { withRawAnswers } from './raw-answer.js';
import { ShipmentsController } from './shipments.controller.js';

const TRACKING_NUMBERS = Symbol('TrackingNumbers');
const DELIVERIES = Symbol('Deliveries');

@Module({})
export class CarrierModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly adapterHost: HttpAdapterHost,
    private readonly carrier: Carrier,
    private readonly ledger: Ledger<CarrierShipment>,
    @Inject(TRACKING_NUMBERS) private readonly trackingNumbers: Ledger<string>,
    @Inject(DELIVERIES) private readonly deliveries: Ledger<string>,
  ) {}

  static forRoot(config: CarrierConfig): DynamicModule {
    return {
      module: CarrierModule,
      imports: [ServiceModule],
      controllers: [ShipmentsController],
      providers: [
        {
          provide: Ledger,
          useFactory: () => Ledger.open<CarrierShipment>(join(config.LEDGER_FOLDER, 'shipments')),
        },
        {
          provide: TRACKING_NUMBERS,
          useFactory: () => Ledger.open<string>(join(config.LEDGER_FOLDER, 'tracking-numbers')),
        },
        {
          provide: DELIVERIES,
          useFactory: () => Ledger.open<string>(join(config.LEDGER_FOLDER, 'deliveries')),
        },
        {
          provide: Deliveries,
          inject: [DELIVERIES],
          useFactory: (deliveries: Ledger<string>) => new Deliveries(deliveries, config.DELIVERY_AFTER_MS),
        },
        {
          provide: Carrier,
          inject: [Ledger, TRACKING_NUMBERS, Deliveries],
          useFactory: (
            ledger: Ledger<CarrierShipment>,
            trackingNumbers: Ledger<string>,
            deliveries: Deliveries,
          ) => new Carrier(ledger, trackingNumbers, deliveries, config.LATE_ANSWER_MS),
        },
      ],
    };
  }

  /** The SOAP service shares the HTTP server: it answers under /carrier and leaves the rest to Nest. */
  onApplicationBootstrap(): void {
    const { carrier } = this;
    const soap = listen(this.adapterHost.httpAdapter.getHttpServer() as Server, {
      path: '/carrier',
      xml: readFileSync(CARRIER_WSDL, 'utf8'),
      services: {
        CarrierService: {
          CarrierPort: {
            createShipment: withRawAnswers(
              inOperationSpan('createShipment', (request) => carrier.createShipment(request)),
            ),
            getTracking: (request: { trackingNumber: string }) => carrier.getTracking(request),
            voidShipment: inOperationSpan('voidShipment', (request: { orderId: string }) =>
              carrier.voidShipment(request),
            ),
            getShipment: inOperationSpan('getShipment', (request: { orderId: string }) =>
              carrier.getShipment(request),
            ),
            getDeliveries: (request: unknown) => carrier.getDeliveries(request),
            listShipments: (request: unknown) => carrier.listShipments(request),
          },
        },
      },
    });
    // An address is kept as it was sent; the package's server has no option for that.
    soap['wsdl'].options.preserveWhitespace = true;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ledger.close();
    await this.trackingNumbers.close();
    await this.deliveries.close();
  }
}

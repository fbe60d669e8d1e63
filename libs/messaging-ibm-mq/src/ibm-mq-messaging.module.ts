import {
  Global,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { IbmMqConnectionManager } from '@orderbridge/ibm-mq';
import { Readiness } from '@orderbridge/service';
import { connectionOptions, type IbmMqConfig } from './ibm-mq-environment.js';
import { ibmMqMetrics } from './ibm-mq-metrics.js';
import { IbmMqPublisher } from './ibm-mq-publisher.js';

/** Access to IBM MQ, as part of the service's readiness. */
@Global()
@Module({})
export class IbmMqMessagingModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly connection: IbmMqConnectionManager,
    private readonly publisher: IbmMqPublisher,
    private readonly readiness: Readiness,
  ) {}

  static forRoot(config: IbmMqConfig, applicationName: string): DynamicModule {
    return {
      module: IbmMqMessagingModule,
      providers: [
        {
          provide: IbmMqConnectionManager,
          // Without the transport's own tracing: the pipeline makes a span of each event, in the event's trace; the
          // transport would make one of each unit of work, in another trace.
          useFactory: () =>
            new IbmMqConnectionManager(connectionOptions(config, applicationName), ibmMqMetrics()),
        },
        IbmMqPublisher,
      ],
      exports: [IbmMqConnectionManager, IbmMqPublisher],
    };
  }

  onModuleInit(): void {
    this.readiness.register('ibm-mq', () => this.connection.check());
    this.readiness.register('ibm-mq-publisher', () => this.publisher.check());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}

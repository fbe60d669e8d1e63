import {
  Global,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { Readiness } from '@orderbridge/service';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaConfig } from './kafka-environment.js';
import { KafkaPublisher } from './kafka-publisher.js';

/** Access to Kafka, as part of the service's readiness. */
@Global()
@Module({})
export class KafkaModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly connection: KafkaConnection,
    private readonly publisher: KafkaPublisher,
    private readonly readiness: Readiness,
  ) {}

  static forRoot(config: KafkaConfig, clientId: string): DynamicModule {
    return {
      module: KafkaModule,
      providers: [
        { provide: KafkaConnection, useFactory: () => new KafkaConnection(config, clientId) },
        KafkaPublisher,
      ],
      exports: [KafkaConnection, KafkaPublisher],
    };
  }

  onModuleInit(): void {
    this.readiness.register('kafka', () => this.connection.check());
    this.readiness.register('kafka-publisher', () => this.publisher.check());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.publisher.close();
    await this.connection.close();
  }
}

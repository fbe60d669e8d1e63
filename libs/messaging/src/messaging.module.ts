import {
  Global,
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type InjectionToken,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DataSource } from 'typeorm';
import { pruneInbox } from './inbox/inbox.js';
import { measureOutbox, MessagingMetrics } from './messaging-metrics.js';
import type { Publisher } from './outbox/publisher.js';
import { Relay } from './outbox/relay.js';
import { Pruner } from './pruning/pruner.js';
import { PostgresStarts, pruneStarts } from './starts/postgres-starts.js';
import { PostgresMessageStore } from './store/postgres-message-store.js';
import { CLOCK, SYSTEM_CLOCK } from './time/clock.js';
import { UnitsOfWork } from './unit-of-work/units-of-work.js';

export interface MessagingModuleOptions {
  /** Name of the service: the CloudEvents source is `/orderbridge/<service>`. */
  readonly service: string;
  /** Injection tokens of the publishers of the brokers that the service sends to. */
  readonly publishers: InjectionToken<Publisher>[];
  readonly inboxRetentionDays: number;
}

const OPTIONS = Symbol('MessagingModuleOptions');

/** Units of work, the relay that publishes what they send, and the pruner. Needs a DataSource with the messaging tables. */
@Global()
@Module({})
export class MessagingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly relay: Relay,
    private readonly pruner: Pruner,
    private readonly dataSource: DataSource,
    @Inject(OPTIONS) private readonly options: MessagingModuleOptions,
  ) {}

  static forRoot(options: MessagingModuleOptions): DynamicModule {
    return {
      module: MessagingModule,
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: CLOCK, useValue: SYSTEM_CLOCK },
        MessagingMetrics,
        {
          provide: PostgresMessageStore,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => new PostgresMessageStore(dataSource),
        },
        {
          provide: PostgresStarts,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => new PostgresStarts(dataSource),
        },
        {
          provide: Pruner,
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => new Pruner(dataSource),
        },
        {
          provide: UnitsOfWork,
          inject: [PostgresMessageStore],
          useFactory: (store: PostgresMessageStore) =>
            new UnitsOfWork(store, `/orderbridge/${options.service}`),
        },
        {
          provide: Relay,
          inject: [PostgresMessageStore, UnitsOfWork, MessagingMetrics, ...options.publishers],
          useFactory: (
            store: PostgresMessageStore,
            unitsOfWork: UnitsOfWork,
            observer: MessagingMetrics,
            ...publishers: Publisher[]
          ) => new Relay({ store, unitsOfWork, observer, publishers }),
        },
      ],
      exports: [CLOCK, UnitsOfWork, MessagingMetrics, PostgresStarts, Pruner],
    };
  }

  onApplicationBootstrap(): void {
    measureOutbox(this.dataSource, this.relay.brokers);
    this.relay.start();
    this.pruner.add({ subject: 'delivery starts', prune: pruneStarts });
    this.pruner.add({
      subject: 'inbox',
      prune: (manager, limit) => pruneInbox(manager, this.options.inboxRetentionDays, limit),
    });
    this.pruner.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.pruner.stop(), this.relay.stop()]);
  }
}

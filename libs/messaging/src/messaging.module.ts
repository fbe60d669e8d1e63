import {
  Global,
  Inject,
  Logger,
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
const PRUNE_INTERVAL = 3_600_000;

/** Units of work and the relay that publishes what they send. Needs a DataSource with the messaging tables. */
@Global()
@Module({})
export class MessagingModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Messaging');
  #pruning: NodeJS.Timeout | undefined;

  constructor(
    private readonly relay: Relay,
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
      exports: [CLOCK, UnitsOfWork, MessagingMetrics, PostgresStarts],
    };
  }

  onApplicationBootstrap(): void {
    measureOutbox(this.dataSource);
    this.relay.start();
    this.#pruning = setInterval(() => void this.#prune(), PRUNE_INTERVAL).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#pruning);
    await this.relay.stop();
  }

  async #prune(): Promise<void> {
    if (!this.relay.leading) return;
    try {
      await pruneStarts(this.dataSource.manager);
      const forgotten = await pruneInbox(this.dataSource.manager, this.options.inboxRetentionDays);
      if (forgotten > 0) this.#logger.log(`Forgot ${forgotten} inbox claims`);
    } catch (error) {
      this.#logger.warn({
        err: error,
        message: 'The inbox could not be pruned; it is tried again in an hour',
      });
    }
  }
}

import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { IbmMqClient, type IbmMqClientOptions } from '../client/ibm-mq-client.js';
import { IbmMqConnectionManager } from '../connection/connection-manager.js';
import type { IbmMqConnectionOptions } from '../connection/connection-options.js';
import { IbmMqHealthIndicator } from '../health/ibm-mq-health.indicator.js';
import type { IbmMqObserver } from '../observer.js';
import type { IbmMqTracing } from '../tracing/tracing.js';

export interface IbmMqModuleOptions {
  readonly connection: IbmMqConnectionOptions;
  /** Options of the client that is provided as IbmMqClient. */
  readonly client?: Omit<IbmMqClientOptions, 'connection'>;
  readonly observer?: IbmMqObserver;
  readonly tracing?: IbmMqTracing;
}

export interface IbmMqModuleAsyncOptions extends Pick<DynamicModule, 'imports'> {
  // oxlint-disable-next-line typescript/no-explicit-any -- what is injected is the factory's business
  readonly useFactory: (...injected: any[]) => IbmMqModuleOptions | Promise<IbmMqModuleOptions>;
  readonly inject?: Extract<Provider, { useFactory: unknown }>['inject'];
}

export interface IbmMqClientFeature extends Omit<IbmMqClientOptions, 'connection'> {
  /** Token under which the client is injected. */
  readonly name: string | symbol;
}

const OPTIONS = Symbol('IbmMqModuleOptions');

/**
 * Provides one IbmMqConnectionManager for the whole application, an IbmMqClient and an IbmMqHealthIndicator. A server
 * shares the connection manager when it is given it:
 * `app.connectMicroservice({ strategy: new IbmMqServer({ connection: app.get(IbmMqConnectionManager) }) })`.
 *
 * At the shutdown of the application, after its servers are drained, all connections are closed; enable shutdown hooks
 * for that.
 */
@Module({})
export class IbmMqModule {
  static forRoot(options: IbmMqModuleOptions): DynamicModule {
    return IbmMqModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports, inject = [], useFactory }: IbmMqModuleAsyncOptions): DynamicModule {
    return {
      module: IbmMqModule,
      global: true,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory },
        {
          provide: IbmMqConnectionManager,
          inject: [OPTIONS],
          useFactory: ({ connection, observer, tracing }: IbmMqModuleOptions) =>
            new IbmMqConnectionManager(connection, observer, tracing),
        },
        {
          provide: IbmMqClient,
          inject: [IbmMqConnectionManager, OPTIONS],
          useFactory: (connection: IbmMqConnectionManager, { client }: IbmMqModuleOptions) =>
            new IbmMqClient({ ...client, connection }),
        },
        IbmMqHealthIndicator,
      ],
      exports: [IbmMqConnectionManager, IbmMqClient, IbmMqHealthIndicator],
    };
  }

  /** Further clients, for example with a reply queue of their own, on the connections of `forRoot`. */
  static forFeature(clients: readonly IbmMqClientFeature[]): DynamicModule {
    const providers = clients.map(({ name, ...options }) => ({
      provide: name,
      inject: [IbmMqConnectionManager],
      useFactory: (connection: IbmMqConnectionManager) => new IbmMqClient({ ...options, connection }),
    }));
    return { module: IbmMqModule, providers, exports: providers };
  }
}

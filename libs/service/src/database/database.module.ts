import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { Readiness } from '../health/readiness.js';
import { connectDatabase, type PostgresOptions } from './connect-database.js';
import type { DatabaseConfig } from './database-environment.js';
import { PreparingClient } from './prepared-statements.js';

export interface DatabaseModuleOptions {
  readonly config: DatabaseConfig;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  // eslint-disable-next-line typescript/no-unsafe-function-type -- TypeORM takes entity classes as functions
  readonly entities: (Function | EntitySchema)[];
  readonly migrations: (new () => MigrationInterface)[];
}

/** Milliseconds; the longer one bears that a statement waits for the locks of a transaction which the other one ends. */
const IDLE_IN_TRANSACTION = 8_000;
const SILENCE = 12_000;

/** The service's own database: connected, migrated and part of its readiness. */
@Module({})
export class DatabaseModule implements OnModuleInit {
  constructor(
    private readonly dataSource: DataSource,
    private readonly readiness: Readiness,
  ) {}

  static forRoot({ config, applicationName, entities, migrations }: DatabaseModuleOptions): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => ({
            type: 'postgres' as const,
            url: config.DATABASE_URL,
            ssl: config.DATABASE_SSL && tlsOptions(config),
            applicationName,
            entities,
            migrations,
            extra: {
              Client: PreparingClient,
              max: config.DATABASE_POOL_SIZE,
              connectionTimeoutMillis: 5_000,
              keepAlive: true,
              silence: SILENCE,
              // What a process that is gone without a sign has locked is free again after this time.
              idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION,
            },
            // Whoever uses the connection gets the error.
            poolErrorHandler: () => undefined,
            // connectDatabase waits for what comes back; what throws will not get better.
            toRetry: () => false,
          }),
          dataSourceFactory: (options) => {
            if (!options) throw new Error('TypeORM options are missing.');
            return connectDatabase(options as PostgresOptions);
          },
        }),
      ],
      exports: [TypeOrmModule],
    };
  }

  onModuleInit(): void {
    this.readiness.register('postgres', async () => {
      await this.dataSource.query('SELECT 1');
    });
  }
}

/**
 * The file is read for each connection, so that renewed authorities take effect without a restart; while it cannot be
 * read, those known before are taken.
 */
function tlsOptions({ DATABASE_SSL_CA: file }: DatabaseConfig): TlsOptions {
  if (!file) return { rejectUnauthorized: true };
  let known = readFileSync(file);
  return {
    rejectUnauthorized: true,
    get ca() {
      try {
        known = readFileSync(file);
      } catch {
        // The one that replaces it is not there yet.
      }
      return known;
    },
  };
}

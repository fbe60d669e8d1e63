import { Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { Readiness } from '../health/readiness.js';
import { connectDatabase } from './connect-database.js';
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
            applicationName,
            entities,
            migrations,
            extra: {
              Client: PreparingClient,
              max: config.DATABASE_POOL_SIZE,
              connectionTimeoutMillis: 5_000,
              keepAlive: true,
            },
            // A server that lost its disk or hangs must not hold a request for ever.
            poolErrorHandler: () => undefined,
          }),
          dataSourceFactory: (options) => {
            if (!options) throw new Error('TypeORM options are missing.');
            return connectDatabase(options);
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

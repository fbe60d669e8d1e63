import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { backoffDelay, isTransient } from '@orderbridge/messaging';
import { DataSource, type DataSourceOptions } from 'typeorm';

export type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** One lock for all services: each has its own database, and locks are per database. */
const MIGRATION_LOCK = 0x6d69_6772;
const RETRY = { initial: 200, max: 5_000 };

/**
 * Connects to PostgreSQL and runs the pending migrations under an advisory lock, so that replicas that start
 * together migrate once; these may take as long as they need. Waits for as long as the server cannot be reached or lets
 * nobody in, also because of a password or certificate that is being renewed.
 *
 * @throws what is wrong with a migration, which its supervisor starts the process again for.
 */
export async function connectDatabase(options: PostgresOptions): Promise<DataSource> {
  const logger = new Logger('Database');
  for (let failures = 1; ; failures++) {
    const dataSource = new DataSource(options);
    try {
      await migrate({ ...options, extra: { ...options.extra, silence: 0 } });
      return await dataSource.initialize();
    } catch (error) {
      if (!isTransient(error) || isOfStatement(error)) throw error;
      logger.warn(`Waiting for PostgreSQL: ${(error as Error).message}`);
      await sleep(backoffDelay(failures, RETRY));
    }
  }
}

/** A migration that does not fit its database: a syntax error, a missing object or right, a feature that is not there. */
function isOfStatement(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(0A|42)/.test(code);
}

async function migrate(options: PostgresOptions): Promise<void> {
  const dataSource = new DataSource(options);
  try {
    await dataSource.initialize();
    await migrateUnderLock(dataSource);
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
  }
}

async function migrateUnderLock(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await runner.release();
  }
}

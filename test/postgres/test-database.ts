import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Creates an empty database on the integration tests' PostgreSQL and returns its URL. */
export async function createTestDatabase(): Promise<string> {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('Integration tests need the global setup of jest.config.ts.');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return url.replace(/\/[^/]*$/, `/${name}`);
}

/** A migrated database of its own for a test. */
export async function connectTestDatabase(
  migrations: PostgresOptions['migrations'],
  entities: PostgresOptions['entities'] = [],
): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: await createTestDatabase(),
    migrations,
    entities,
  });
  await dataSource.initialize();
  await dataSource.runMigrations();
  return dataSource;
}

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { isTransient, StoreUnavailableError } from '@orderbridge/messaging';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { certificateFile, TlsFront } from '../../../../test/tls/tls-front.js';
import { loadConfig } from '../config/load-config.js';
import { ServiceModule } from '../service.module.js';
import { databaseEnvironment } from './database-environment.js';
import { DatabaseModule } from './database.module.js';

describe('a database that lets nobody in for a while', () => {
  let owner: pg.Client;
  let url: URL;
  const closers: (() => Promise<unknown>)[] = [];

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    url = new URL(await createTestDatabase());
    owner = new pg.Client({ connectionString: url.href });
    await owner.connect();
    closers.push(() => owner.end());
  });

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  const start = async (variables: Record<string, string>): Promise<DataSource> => {
    const config = loadConfig(databaseEnvironment, variables);
    const database = DatabaseModule.forRoot({
      config,
      applicationName: 'test',
      entities: [],
      migrations: [],
    });
    const module = await Test.createTestingModule({ imports: [ServiceModule, database] }).compile();
    closers.push(() => module.close());
    return module.get(DataSource);
  };

  /** A role of its own whose password may change. */
  const role = async (password: string): Promise<string> => {
    const name = url.pathname.slice(1);
    await owner.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
    await owner.query(`GRANT CREATE ON SCHEMA public TO ${name}`);
    url.username = name;
    url.password = password;
    return name;
  };
  const cutConnections = (name: string) =>
    owner.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [name]);

  test('a password that is rotated says nothing about the work, and when it is right again all goes on', async () => {
    const name = await role('first');
    const dataSource = await start({ DATABASE_URL: url.href });
    await owner.query(`ALTER ROLE ${name} PASSWORD 'second'`);
    await cutConnections(name);
    // Those that were idle in the pool are found to be cut first.
    let error: unknown;
    do {
      error = await dataSource.query('SELECT 1').catch((failure: unknown) => failure);
      expect(isTransient(error)).toBe(true);
    } while (!(error instanceof StoreUnavailableError));
    expect(error).toMatchObject({ cause: { code: '28P01' } });
    await owner.query(`ALTER ROLE ${name} PASSWORD 'first'`);
    expect(await dataSource.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('a start with a password that is not right yet waits', async () => {
    const name = await role('first');
    await owner.query(`ALTER ROLE ${name} PASSWORD 'second'`);
    const started = start({ DATABASE_URL: url.href });
    const failed = await Promise.race([
      started.then(
        () => 'started',
        () => 'failed',
      ),
      new Promise((resolve) => setTimeout(() => resolve('waits'), 500)),
    ]);
    expect(failed).toBe('waits');
    await owner.query(`ALTER ROLE ${name} PASSWORD 'first'`);
    expect(await (await started).query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });

  test('authorities that are renewed take effect with the next connection', async () => {
    const port = Number(url.port);
    const front = await TlsFront.open('postgres', () => port);
    closers.push(() => front.close());
    url.port = `${front.port}`;
    const folder = await mkdtemp(join(tmpdir(), 'authorities-'));
    closers.push(() => rm(folder, { recursive: true }));
    const file = join(folder, 'authority.crt');
    // Not the one that has signed.
    await copyFile(certificateFile('client.crt'), file);
    const started = start({ DATABASE_URL: url.href, DATABASE_SSL: 'true', DATABASE_SSL_CA: file });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await copyFile(certificateFile('authority.crt'), file);
    const dataSource = await started;
    // A file that is being written does no harm.
    await writeFile(file, '');
    await rm(file);
    expect(await dataSource.query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
  });
});

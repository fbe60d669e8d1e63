import { readFileSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { DataSource } from 'typeorm';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { certificateFile, TlsFront } from '../../../../test/tls/tls-front.js';
import { loadConfig } from '../config/load-config.js';
import { ServiceModule } from '../service.module.js';
import { databaseEnvironment } from './database-environment.js';
import { DatabaseModule } from './database.module.js';
import { PreparingClient } from './prepared-statements.js';

describe('PostgreSQL that asks for TLS', () => {
  let url: URL;
  let front: TlsFront;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    url = new URL(await createTestDatabase());
    const port = Number(url.port);
    front = await TlsFront.open('postgres', () => port);
    url.port = `${front.port}`;
  });

  afterEach(() => front.close());

  const start = (variables: Record<string, string>): Promise<TestingModule> => {
    const config = loadConfig(databaseEnvironment, { DATABASE_URL: url.href, ...variables });
    const database = DatabaseModule.forRoot({
      config,
      applicationName: 'test',
      entities: [],
      migrations: [],
    });
    return Test.createTestingModule({ imports: [ServiceModule, database] }).compile();
  };

  test('is reached when its authority is known', async () => {
    const module = await start({ DATABASE_SSL: 'true', DATABASE_SSL_CA: certificateFile('authority.crt') });
    expect(await module.get(DataSource).query('SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await module.close();
    expect(front.clients).toEqual(new Set(['']));
  });

  test('is not trusted when its authority is unknown', async () => {
    const client = new PreparingClient({ connectionString: url.href, ssl: { rejectUnauthorized: true } });
    await expect(client.connect()).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    });
  });

  test('is waited for while its certificate has expired, and reached when it is renewed', async () => {
    const ca = readFileSync(certificateFile('authority.crt'));
    const open = () => new PreparingClient({ connectionString: url.href, ssl: { ca } });
    front.show('expired');
    await expect(open().connect()).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      cause: { code: 'CERT_HAS_EXPIRED' },
    });
    front.show('server');
    const client = open();
    await client.connect();
    expect(front.clients).toEqual(new Set(['']));
    await client.end();
  });
});

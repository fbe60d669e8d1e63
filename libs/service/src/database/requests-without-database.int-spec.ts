import { Body, Controller, Get, Logger, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import pg from 'pg';
import request from 'supertest';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { loadConfig } from '../config/load-config.js';
import { createService } from '../create-service.js';
import { ServiceModule } from '../service.module.js';
import { databaseEnvironment } from './database-environment.js';
import { DatabaseModule } from './database.module.js';

/** What a request does between the two statements of its transaction. */
let between: () => Promise<void>;

@Controller('stock')
class StockController {
  constructor(private readonly dataSource: DataSource) {}

  @Get()
  async read(): Promise<unknown> {
    return this.dataSource.query('SELECT n FROM stock WHERE n > $1', [0]);
  }

  @Post()
  async write(@Body() _body: unknown): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT 1');
      await between();
      await manager.query('UPDATE stock SET n = n + 1');
    });
  }
}

describe('a request while its database', () => {
  let administrator: pg.Client;
  let url: URL;
  let name: string;
  let app: NestFastifyApplication;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    url = new URL(await createTestDatabase());
    administrator = new pg.Client({ connectionString: process.env['TEST_POSTGRES_URL'] });
    await administrator.connect();
    const owner = new pg.Client({ connectionString: url.href });
    await owner.connect();
    name = url.pathname.slice(1);
    await owner.query(
      `CREATE ROLE ${name} LOGIN PASSWORD 'right'; GRANT CREATE ON SCHEMA public TO ${name};
       CREATE TABLE stock (n integer); INSERT INTO stock VALUES (1); GRANT ALL ON stock TO ${name}`,
    );
    await owner.end();
    url.username = name;
    url.password = 'right';
    const config = loadConfig(databaseEnvironment, { DATABASE_URL: url.href });
    const database = DatabaseModule.forRoot({
      config,
      applicationName: 'test',
      entities: [],
      migrations: [],
    });
    @Module({ imports: [ServiceModule, database], controllers: [StockController] })
    class StockModule {}
    const definition = { name: 'test', description: 'under test', module: StockModule };
    app = await createService(definition, { log() {}, error() {}, warn() {} });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    between = () => Promise.resolve();
  });

  afterEach(async () => {
    await app.close();
    await administrator.end();
  });

  const read = () => request(app.getHttpServer()).get('/stock');
  const write = () => request(app.getHttpServer()).post('/stock');
  const cutConnections = () =>
    administrator.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [name]);

  async function expectUnavailable(): Promise<void> {
    for (const answer of await Promise.all([read(), write()])) {
      expect(answer.status).toBe(503);
      expect(answer.headers['retry-after']).toBe('5');
      expect(answer.body).toMatchObject({
        title: 'Temporarily unavailable',
        detail: expect.stringMatching(/Send the request again later/),
      });
    }
  }

  async function expectNormal(): Promise<void> {
    await read().expect(200);
    await write().expect(201);
  }

  test('takes no connections', async () => {
    await administrator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await cutConnections();
    await expectUnavailable();
    await administrator.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await expectNormal();
  });

  test('refuses the password', async () => {
    await administrator.query(`ALTER ROLE ${name} PASSWORD 'another'`);
    await cutConnections();
    await expectUnavailable();
    await administrator.query(`ALTER ROLE ${name} PASSWORD 'right'`);
    await expectNormal();
  });

  test('has its table locked', async () => {
    const holder = new pg.Client({ connectionString: url.href });
    await holder.connect();
    await holder.query('BEGIN; LOCK TABLE stock');
    await expectUnavailable();
    await holder.query('ROLLBACK');
    await expectNormal();
    await holder.end();
  });

  test('ends the connection between two statements of a transaction', async () => {
    const lost = async () => {
      await cutConnections();
      const left = async () =>
        (await administrator.query('SELECT FROM pg_stat_activity WHERE usename = $1', [name])).rowCount;
      while ((await left()) !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    between = lost;
    const answer = await write();
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('5');
    between = () => Promise.resolve();
    await expectNormal();
  });
});

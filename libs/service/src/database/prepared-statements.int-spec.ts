import { once } from 'node:events';
import type { Socket } from 'node:net';
import pg, { type QueryResult } from 'pg';
import { Link } from '../../../../test/chaos/link/link.js';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { PreparingClient } from './prepared-statements.js';

const SILENCE = 200;

describe('a connection to PostgreSQL through a network', () => {
  let link: Link;
  let client: PreparingClient;
  let database: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    const url = new URL(database);
    link = await Link.open(0, Number(url.port));
    url.port = `${link.port}`;
    client = new PreparingClient({ connectionString: url.href, silence: SILENCE });
    client.on('error', () => undefined);
    await client.connect();
  });

  afterEach(async () => {
    await link.close();
    await client.end();
  });

  test('that has lost the server without a sign: what waits for an answer is told', async () => {
    link.loseServer(1);
    await expect(client.query('SELECT $1::int AS n', [1])).rejects.toThrow('Connection terminated');
  });

  test('that waits for a lock: the server gives up first, and keeps nothing that waits', async () => {
    const holder = new pg.Client({ connectionString: database });
    const waiting = new PreparingClient({ connectionString: database, silence: 10 * SILENCE });
    await Promise.all([holder.connect(), waiting.connect()]);
    try {
      await holder.query('CREATE TABLE stock ()');
      await holder.query('BEGIN; LOCK TABLE stock');
      await expect(waiting.query('SELECT FROM stock')).rejects.toMatchObject({ code: '55P03' });
      const left = await holder.query('SELECT FROM pg_locks WHERE NOT granted');
      expect(left.rows).toEqual([]);
      await holder.query('ROLLBACK');
      const answer: Promise<QueryResult> = waiting.query('SELECT FROM stock');
      expect((await answer).rows).toEqual([]);
    } finally {
      await Promise.all([holder.end(), waiting.end()]);
    }
  });

  test('that is only idle lives on', async () => {
    await new Promise((resolve) => setTimeout(resolve, 2 * SILENCE));
    const answer: Promise<QueryResult> = client.query('SELECT $1::int AS n', [1]);
    const { rows } = await answer;
    expect(rows).toEqual([{ n: 1 }]);
  });

  test('that was idle for long and then has lost the server: what waits for an answer is told', async () => {
    const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
    await once(connection.stream, 'timeout');
    link.loseServer(1);
    await expect(client.query('SELECT $1::int AS n', [1])).rejects.toThrow('Connection terminated');
  });
});

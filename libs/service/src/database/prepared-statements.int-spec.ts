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

  describe('whose statements have become stale', () => {
    const read = async (): Promise<unknown[]> => {
      const answer: Promise<QueryResult> = client.query('SELECT * FROM stock WHERE id = $1', [1]);
      return (await answer).rows as unknown[];
    };

    beforeEach(async () => {
      const made: Promise<unknown> = client.query(
        'CREATE TABLE stock (id integer); INSERT INTO stock VALUES (1)',
      );
      await made;
      await read();
    });

    test('by a migration: they are prepared again', async () => {
      const altered: Promise<unknown> = client.query('ALTER TABLE stock ADD COLUMN n integer DEFAULT 7');
      await altered;
      expect(await read()).toEqual([{ id: 1, n: 7 }]);
    });

    test('by a pool that discards them: they are prepared again', async () => {
      const discarded: Promise<unknown> = client.query('DEALLOCATE ALL');
      await discarded;
      expect(await read()).toEqual([{ id: 1 }]);
    });

    test('in a transaction: it fails as it must, and the next one does not', async () => {
      const altered: Promise<unknown> = client.query('ALTER TABLE stock ADD COLUMN n integer DEFAULT 7');
      await altered;
      const attempt = async (): Promise<unknown[]> => {
        const begun: Promise<unknown> = client.query('BEGIN');
        await begun;
        try {
          return await read();
        } finally {
          const ended: Promise<unknown> = client.query('ROLLBACK');
          await ended;
        }
      };
      await expect(attempt()).rejects.toMatchObject({ code: '0A000' });
      expect(await attempt()).toEqual([{ id: 1, n: 7 }]);
    });
  });
});

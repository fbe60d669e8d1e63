import type { QueryResult } from 'pg';
import { Link } from '../../../../test/chaos/link/link.js';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { PreparingClient } from './prepared-statements.js';

const SILENCE = 200;

describe('a connection to PostgreSQL through a network', () => {
  let link: Link;
  let client: PreparingClient;

  beforeEach(async () => {
    const url = new URL(await createTestDatabase());
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

  test('that is only idle lives on', async () => {
    await new Promise((resolve) => setTimeout(resolve, 2 * SILENCE));
    const answer: Promise<QueryResult> = client.query('SELECT $1::int AS n', [1]);
    const { rows } = await answer;
    expect(rows).toEqual([{ n: 1 }]);
  });
});

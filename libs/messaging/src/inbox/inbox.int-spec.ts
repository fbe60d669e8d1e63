import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../../test/postgres/test-database.js';
import { MessagingTables1700000000000 } from '../messaging-tables.migration.js';
import { claimInInbox, pruneInbox } from './inbox.js';

describe('inbox', () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase([MessagingTables1700000000000]);
  });

  afterAll(() => dataSource.destroy());

  beforeEach(() => dataSource.query('TRUNCATE inbox'));

  const claim = (consumer: string, ids: string[]) =>
    dataSource.transaction((manager) => claimInInbox(manager, consumer, ids));

  test('claims each message once per consumer', async () => {
    expect(await claim('a', ['1', '2'])).toEqual(new Set(['1', '2']));
    expect(await claim('a', ['2', '3', '3'])).toEqual(new Set(['3']));
    expect(await claim('b', ['1'])).toEqual(new Set(['1']));
  });

  test('a claim that is rolled back can be made again', async () => {
    const failed = dataSource.transaction(async (manager) => {
      await claimInInbox(manager, 'a', ['1']);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await claim('a', ['1'])).toEqual(new Set(['1']));
  });

  test('whatever batches overlap at the same time, every message is claimed exactly once', async () => {
    const batch = fc.array(fc.integer({ min: 0, max: 20 }).map(String), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 6 }), async (batches) => {
        await dataSource.query('TRUNCATE inbox');
        const claims = await Promise.all(batches.map((ids) => claim('a', ids)));
        const claimed = claims.flatMap((fresh) => [...fresh]);
        expect(claimed.toSorted()).toEqual([...new Set(batches.flat())].toSorted());
      }),
      { numRuns: 30 },
    );
  });

  test('forgets old claims only', async () => {
    await claim('a', ['old', 'new']);
    await dataSource.query(
      `UPDATE inbox SET claimed_at = now() - interval '31 days' WHERE message_id = 'old'`,
    );
    expect(await pruneInbox(dataSource.manager, 30, 10)).toBe(1);
    expect(await claim('a', ['old', 'new'])).toEqual(new Set(['old']));
  });
});

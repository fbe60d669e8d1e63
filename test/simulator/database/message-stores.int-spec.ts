import {
  MessagingTables1700000000000,
  PostgresMessageStore,
  type MessageStore,
} from '@orderbridge/messaging';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../postgres/test-database.js';
import { MessagingTables } from './messaging-tables.js';
import { quietSession } from './side-by-side.js';
import { SimulatedMessageStore } from './simulated-message-store.js';

let dataSource: DataSource;

beforeAll(async () => {
  dataSource = await connectTestDatabase([MessagingTables1700000000000]);
});

afterAll(() => dataSource.destroy());

const STORES: [string, () => Promise<MessageStore>][] = [
  [
    'PostgreSQL',
    async () => {
      await dataSource.query('TRUNCATE inbox, outbox');
      return new PostgresMessageStore(dataSource);
    },
  ],
  ['the simulator', () => Promise.resolve(new SimulatedMessageStore(quietSession(), new MessagingTables()))],
];

/** The ids of a transaction's messages, and whether it commits. */
const unit = fc.record({
  ids: fc.array(fc.integer({ min: 0, max: 12 }).map(String), { minLength: 1, maxLength: 6 }),
  commits: fc.boolean(),
});

describe.each(STORES)('the message store of %s', (_name, empty) => {
  /** Claims and sends on each fresh message in one transaction. */
  const handle = async (store: MessageStore, { ids, commits }: { ids: string[]; commits: boolean }) => {
    let claimed: string[] = [];
    const transaction = store.transaction(async (manager) => {
      claimed = [...(await store.claim(manager, 'consumer', ids))];
      await store.append(
        manager,
        claimed.map((id) => ({
          messageId: id,
          destination: { broker: 'kafka', name: 'd' },
          key: 'k',
          headers: { id },
          body: Buffer.from(id),
        })),
      );
      if (!commits) throw new Error('no');
    });
    const committed = await transaction.then(
      () => true,
      () => false,
    );
    return committed ? claimed : [];
  };

  test('gives each message once to whoever commits, and keeps in the outbox what was committed, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 6 }), async (units) => {
        const store = await empty();
        const claims = (await Promise.all(units.map((one) => handle(store, one)))).flat();
        expect(new Set(claims).size).toBe(claims.length);
        // Every message that somebody tried to commit was committed by one of them.
        const wanted = new Set(units.filter(({ commits }) => commits).flatMap(({ ids }) => ids));
        expect(new Set(claims)).toEqual(wanted);
        const rows = await store.take('kafka', [], 100);
        expect(rows.map(({ messageId }) => messageId).toSorted()).toEqual(claims.toSorted());
        expect(rows.map(({ id }) => Number(id))).toEqual(
          rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b),
        );
        const [first, ...others] = rows;
        if (first) {
          await store.park('kafka', first.id, 'too large');
          const left = await store.take(
            'kafka',
            others.slice(0, 1).map(({ id }) => id),
            100,
          );
          expect(left.map(({ id }) => id)).toEqual(others.slice(1).map(({ id }) => id));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('keeps the claims of consumers apart', async () => {
    const store = await empty();
    const claim = (consumer: string, ...ids: string[]) =>
      store.transaction((manager) => store.claim(manager, consumer, ids));
    expect(await claim('a', '1', '2', '2')).toEqual(new Set(['1', '2']));
    expect(await claim('a', '2', '3')).toEqual(new Set(['3']));
    expect(await claim('b', '1')).toEqual(new Set(['1']));
  });
});

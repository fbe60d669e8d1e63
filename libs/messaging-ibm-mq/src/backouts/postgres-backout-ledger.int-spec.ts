import { DataSource } from 'typeorm';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { BackoutLedger1700000000041 } from './backout-ledger.migration.js';
import { PostgresBackoutLedger } from './postgres-backout-ledger.js';

let replicas: DataSource[];
beforeAll(async () => {
  const url = await createTestDatabase();
  const connect = () =>
    new DataSource({ type: 'postgres', url, migrations: [BackoutLedger1700000000041] }).initialize();
  replicas = [await connect(), await connect()];
  await replicas[0]?.runMigrations();
});
afterAll(() => Promise.all(replicas.map((replica) => replica.destroy())));

let messages = 0;
/** A message, and what happens to it: each backout raises the queue manager's count. */
function message() {
  const messageId = `${++messages}`.padStart(48, '0');
  let backoutCount = 0;
  const ledgers = replicas.map((replica) => new PostgresBackoutLedger(replica));
  let turn = 0;
  const delivered = () => ({ queue: 'IN', messageId, backoutCount });
  /** Another process each time. */
  const ledger = () => ledgers[turn++ % ledgers.length] as PostgresBackoutLedger;
  const begin = () => ledger().begin(delivered());
  return {
    begin,
    /** Ends the process; a first delivery is not recorded. */
    async crash() {
      if (backoutCount > 0) await begin();
      backoutCount++;
    },
    async stop() {
      const begun = backoutCount > 0;
      if (begun) await begin();
      await ledger().excuse([delivered()], begun);
      backoutCount++;
    },
    /** Given back while PostgreSQL was unavailable: neither begun nor excused. */
    unrecorded: () => void backoutCount++,
    settle: () => ledger().settle([delivered()]),
  };
}

test('three crashes count, whichever processes they ended', async () => {
  const poison = message();
  for (let i = 0; i < 3; i++) await poison.crash();
  expect(await poison.begin()).toBe(3);
});

test('stops in good order do not count, nor do they hide crashes', async () => {
  const innocent = message();
  for (let i = 0; i < 10; i++) await innocent.stop();
  expect(await innocent.begin()).toBe(0);
  const poison = message();
  await poison.stop();
  for (let i = 0; i < 2; i++) await poison.crash();
  await poison.stop();
  await poison.crash();
  expect(await poison.begin()).toBe(3);
});

test('deliveries that could not be recorded do not count', async () => {
  const waiting = message();
  for (let i = 0; i < 10; i++) waiting.unrecorded();
  expect(await waiting.begin()).toBe(0);
});

test('what has left the queue is forgotten', async () => {
  const handled = message();
  for (let i = 0; i < 2; i++) await handled.crash();
  await handled.settle();
  const rows = (await replicas[0]?.query('SELECT FROM backout_ledger WHERE message_id = $1', [
    `${messages}`.padStart(48, '0'),
  ])) as unknown[];
  expect(rows).toEqual([]);
});

test('one message twice in a unit of work is excused once', async () => {
  const ledger = new PostgresBackoutLedger(replicas[0] as DataSource);
  const twice = { queue: 'IN', messageId: 'f'.repeat(48), backoutCount: 0 };
  await ledger.excuse([twice, twice], false);
  expect(await ledger.begin({ ...twice, backoutCount: 1 })).toBe(0);
});

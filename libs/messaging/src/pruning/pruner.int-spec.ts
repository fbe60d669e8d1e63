import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../../test/postgres/test-database.js';
import { ManualClock, settle } from '../../test-support/manual-clock.js';
import { pruneInbox } from '../inbox/inbox.js';
import { MESSAGING_MIGRATIONS } from '../messaging-migrations.js';
import { Pruner } from './pruner.js';

describe('Pruner', () => {
  let dataSource: DataSource;
  const pruners: Pruner[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    dataSource = await connectTestDatabase([...MESSAGING_MIGRATIONS]);
  });

  afterEach(async () => {
    await Promise.all(pruners.splice(0).map((pruner) => pruner.stop()));
    await dataSource.query('TRUNCATE inbox, pruning');
  });

  afterAll(() => dataSource.destroy());

  const claimed = (count: number, age: string) =>
    dataSource.query(
      `INSERT INTO inbox (consumer, message_id, claimed_at)
       SELECT 'a', $2 || n, now() - $2::interval FROM generate_series(1, $1::integer) AS n`,
      [count, age],
    );
  const left = async () => Number((await dataSource.query('SELECT count(*) FROM inbox'))[0].count);
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await settle();
  };

  /** A process that lives until the first check. */
  const live = async () => {
    const clock = new ManualClock();
    const pruner = new Pruner(dataSource, clock);
    let checked!: () => void;
    const check = new Promise<void>((resolve) => (checked = resolve));
    pruner.add({ subject: 'inbox', prune: (manager, limit) => pruneInbox(manager, 30, limit) });
    pruner.add({ subject: 'last', prune: () => Promise.resolve(0).finally(checked) });
    await dataSource.query(`DELETE FROM pruning WHERE subject = 'last'`);
    pruner.start();
    await clock.pass(5_000);
    await check;
    await pruner.stop();
  };

  test('prunes within seconds of a start, all that is old, in batches', async () => {
    await claimed(12_000, '31 days');
    await claimed(3, '29 days');
    await live();
    expect(await left()).toBe(3);
  });

  test('of processes that live shortly one prunes an hour, by the time of the database', async () => {
    await live();
    await claimed(1, '31 days');
    await live();
    expect(await left()).toBe(1);
    await dataSource.query(`UPDATE pruning SET pruned_at = now() - interval '61 minutes'`);
    await live();
    expect(await left()).toBe(0);
  });

  test('one that fails keeps no other from being pruned, and is tried again a minute later', async () => {
    const clock = new ManualClock();
    const pruner = new Pruner(dataSource, clock);
    let failures = 0;
    pruner.add({
      subject: 'failing',
      prune: () => (++failures < 2 ? Promise.reject(new Error('no')) : Promise.resolve(0)),
    });
    pruner.add({ subject: 'inbox', prune: (manager, limit) => pruneInbox(manager, 30, limit) });
    pruners.push(pruner);
    await claimed(1, '31 days');
    pruner.start();
    await clock.pass(5_000);
    await until(async () => (await left()) === 0);
    await until(async () => {
      await clock.pass(60_000);
      return failures === 2;
    });
  });
});

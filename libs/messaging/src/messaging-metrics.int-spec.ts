import { Logger } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { register } from 'prom-client';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import { measureOutbox, MessagingMetrics } from './messaging-metrics.js';
import { MESSAGING_MIGRATIONS } from './messaging-migrations.js';
import { appendToOutbox, parkInOutbox } from './outbox/outbox.js';
import type { OutgoingMessage } from './outbox/outgoing-message.js';

const message = (messageId: string): OutgoingMessage => ({
  messageId,
  destination: topic('orders'),
  key: 'k',
  headers: { ce_type: 'order.created' },
  body: Buffer.from('{}'),
});

describe('messaging metrics', () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    dataSource = await connectTestDatabase([...MESSAGING_MIGRATIONS]);
    measureOutbox(dataSource, ['kafka', 'ibm-mq']);
  });
  afterAll(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
  });

  const lines = async (name: string): Promise<string[]> =>
    (await register.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));

  test('outcomes that have not been yet are there as 0, from which the first one is an increase', async () => {
    expect(await lines('inbox_events_total')).toContain('inbox_events_total{outcome="rejected"} 0');
  });

  test('what was published is counted by destination and type', async () => {
    new MessagingMetrics().published('kafka', [message('1'), message('2')]);
    expect(await lines('outbox_published_total')).toEqual([
      'outbox_published_total{broker="kafka",destination="orders",type="order.created"} 2',
    ]);
  });

  test('a scrape tells how much waits and is parked, and since when', async () => {
    await appendToOutbox(dataSource.manager, [message('1'), message('2'), message('3')]);
    await dataSource.query(
      `UPDATE outbox SET created_at = now() - interval '90 seconds' WHERE message_id = '2'`,
    );
    const [{ id }] = await dataSource.query(`SELECT id FROM outbox WHERE message_id = '3'`);
    await parkInOutbox(dataSource.manager, 'kafka', id, 'too large');
    expect(new Set(await lines('outbox_messages'))).toEqual(
      new Set([
        'outbox_messages{broker="kafka",state="waiting"} 2',
        'outbox_messages{broker="kafka",state="parked"} 1',
        'outbox_messages{broker="ibm-mq",state="waiting"} 0',
        'outbox_messages{broker="ibm-mq",state="parked"} 0',
      ]),
    );
    const waiting = (await lines('outbox_oldest_seconds')).find((line) => line.includes('waiting'));
    expect(Number(waiting?.split(' ')[1])).toBeGreaterThanOrEqual(90);
  });

  test('of a full outbox a scrape reads no more than the first rows, by an index', async () => {
    await dataSource.query(
      `INSERT INTO outbox (broker, destination, key, message_id, headers, body, parked_at)
       SELECT 'ibm-mq', 'd', 'k', n::text, '{}', '', CASE WHEN n = 30000 THEN now() END
       FROM generate_series(1, 30000) AS n`,
    );
    await dataSource.query('ANALYZE outbox');
    const reads = async (): Promise<{ sequential: number; byIndex: number }> => {
      const [row] = await dataSource.query(
        `SELECT pg_stat_clear_snapshot(), seq_tup_read AS sequential, idx_scan AS "byIndex"
         FROM pg_stat_user_tables WHERE relname = 'outbox'`,
      );
      return { sequential: Number(row.sequential), byIndex: Number(row.byIndex) };
    };
    const before = await reads();
    expect(await lines('outbox_messages')).toEqual(
      expect.arrayContaining([
        'outbox_messages{broker="ibm-mq",state="waiting"} 10000',
        'outbox_messages{broker="ibm-mq",state="parked"} 1',
      ]),
    );
    // A session reports what it read some time after.
    let after = before;
    while (after.byIndex === before.byIndex) {
      await dataSource.query('SELECT pg_stat_force_next_flush()');
      after = await reads();
    }
    expect(after.sequential - before.sequential).toBeLessThan(10_000);
  });

  test('while PostgreSQL is unavailable a scrape still says the rest, and what was known last', async () => {
    const known = await lines('outbox_messages');
    await dataSource.destroy();
    expect(await lines('outbox_messages')).toEqual(known);
    expect(await lines('outbox_published_total')).toHaveLength(1);
  });
});

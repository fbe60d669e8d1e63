import { Logger } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { register } from 'prom-client';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import { measureOutbox, MessagingMetrics } from './messaging-metrics.js';
import { MessagingTables1700000000000 } from './messaging-tables.migration.js';
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
    dataSource = await connectTestDatabase([MessagingTables1700000000000]);
    measureOutbox(dataSource);
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
      ]),
    );
    const waiting = (await lines('outbox_oldest_seconds')).find((line) => line.includes('waiting'));
    expect(Number(waiting?.split(' ')[1])).toBeGreaterThanOrEqual(90);
  });

  test('while PostgreSQL is away a scrape still tells the rest', async () => {
    await dataSource.destroy();
    expect(await lines('outbox_messages')).toEqual([]);
    expect(await lines('outbox_published_total')).toHaveLength(1);
  });
});

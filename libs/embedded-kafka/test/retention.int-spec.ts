import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Admin, Producer } from 'kafkajs';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { eventually } from '../test-support/eventually.js';

let fixture: BrokerFixture;
let admin: Admin;
let producer: Producer;

beforeEach(async () => {
  fixture = await BrokerFixture.start({ retentionCheckMs: 20, offsetsRetentionMs: 200 });
  admin = await fixture.connect(fixture.kafka().admin());
  producer = await fixture.connect(fixture.kafka().producer());
});

afterEach(() => fixture.stop());

async function createTopic(settings: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1, configEntries }] });
}

async function send(count: number, timestamp = Date.now()): Promise<void> {
  for (let index = 0; index < count; index++) {
    const messages = [{ value: 'x'.repeat(1000), timestamp: String(timestamp) }];
    await producer.send({ topic: 'orders', messages });
  }
}

async function offsets() {
  const [partition] = await admin.fetchTopicOffsets('orders');
  return { low: Number(partition!.low), high: Number(partition!.high) };
}

async function segmentFiles(): Promise<string[]> {
  const names = await readdir(fixture.dataDir, { recursive: true });
  return names.filter((name) => name.endsWith('.log')).map((name) => join(fixture.dataDir, name));
}

test('old records go, segment by segment, and offsets are never used again', async () => {
  await createTopic({ 'retention.ms': '60000', 'segment.bytes': '5000' });
  await send(10, Date.now() - 120_000);
  await send(3);
  // Four records fill a segment; the one with the first young record may begin with three old ones.
  await eventually(async () => (await offsets()).low >= 7);
  const { low, high } = await offsets();
  expect(high).toBe(13);
  expect(low).toBeLessThanOrEqual(10);
  await fixture.restart();
  expect(await offsets()).toEqual({ low, high });
});

test('when everything is old everything goes, and the log goes on where it was', async () => {
  await createTopic({ 'retention.ms': '1000' });
  await send(5, Date.now() - 60_000);
  await eventually(async () => (await offsets()).low === 5);
  expect(await segmentFiles()).toEqual([]);
  await fixture.restart();
  expect(await offsets()).toEqual({ low: 5, high: 5 });
  await send(1);
  expect(await offsets()).toEqual({ low: 5, high: 6 });
});

test('the size of a partition is bounded', async () => {
  await createTopic({ 'retention.bytes': '20000', 'segment.bytes': '5000' });
  await send(60);
  await eventually(async () => (await offsets()).low > 30);
  expect(await offsets()).toMatchObject({ high: 60 });
  expect((await segmentFiles()).length).toBeLessThanOrEqual(6);
});

test('offsets of a group without members expire, and the group with them', async () => {
  await createTopic({});
  await send(1);
  await admin.setOffsets({
    groupId: 'readers',
    topic: 'orders',
    partitions: [{ partition: 0, offset: '1' }],
  });
  await eventually(async () => (await admin.listGroups()).groups.length === 0);
  const [topic] = await admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] });
  expect(topic!.partitions[0]!.offset).toBe('-1');
});

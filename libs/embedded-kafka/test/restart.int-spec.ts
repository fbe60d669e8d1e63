import { appendFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs, { type Admin } from 'kafkajs';
import { startKafkaBroker } from '../src/index.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';

let fixture: BrokerFixture;
let admin: Admin;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
  admin = await fixture.connect(fixture.kafka().admin());
});

afterEach(() => fixture.stop());

async function send(topic: string, count: number): Promise<void> {
  const producer = await fixture.connect(fixture.kafka().producer());
  const messages = Array.from({ length: count }, (_, index) => ({ partition: 0, value: `message ${index}` }));
  await producer.send({ topic, messages });
}

async function partitionFolder(topic: string): Promise<string> {
  const topics = join(fixture.dataDir, 'topics');
  const name = (await readdir(topics)).find((folder) => folder.startsWith(`${topic}.`));
  return join(topics, name!, '0');
}

test('topics, settings, partitions, starts and offsets of groups are there again', async () => {
  await admin.createTopics({
    topics: [
      { topic: 'orders', numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '-1' }] },
      { topic: 'gone', numPartitions: 1 },
    ],
  });
  await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 2 }] });
  await admin.deleteTopics({ topics: ['gone'] });
  await send('orders', 5);
  await admin.fetchTopicOffsets('orders');
  await admin.deleteTopicRecords({ topic: 'orders', partitions: [{ partition: 0, offset: '2' }] });
  await admin.setOffsets({
    groupId: 'readers',
    topic: 'orders',
    partitions: [{ partition: 0, offset: '4' }],
  });
  const cluster = await admin.describeCluster();

  await fixture.restart();

  expect(fixture.broker.topics).toEqual(['orders']);
  expect(await admin.fetchTopicOffsets('orders')).toEqual([
    { partition: 0, offset: '5', high: '5', low: '2' },
    { partition: 1, offset: '0', high: '0', low: '0' },
  ]);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: 'orders', configNames: ['retention.ms'] }],
  });
  expect(resources[0]!.configEntries[0]!.configValue).toBe('-1');
  const [offsets] = await admin.fetchOffsets({ groupId: 'readers', topics: ['orders'] });
  expect(offsets!.partitions).toContainEqual(expect.objectContaining({ partition: 0, offset: '4' }));
  expect(await admin.describeCluster()).toEqual(cluster);
});

test('the files of a deleted topic are deleted', async () => {
  await send('doomed', 5);
  await fixture.restart();
  expect(await stat(await partitionFolder('doomed'))).toBeDefined();
  await admin.deleteTopics({ topics: ['doomed'] });
  await fixture.restart();
  expect(await readdir(join(fixture.dataDir, 'topics'))).toEqual([]);
});

test('what is in a data folder beyond the checkpoint is cut off, also whole files', async () => {
  await send('orders', 5);
  const { port } = fixture.broker;
  await fixture.broker.close();
  const folder = await partitionFolder('orders');
  const [segment] = await readdir(folder);
  const { size } = await stat(join(folder, segment!));
  await appendFile(join(folder, segment!), 'written just before the crash');
  await writeFile(join(folder, '00000000000000000099.log'), 'and another segment');
  const again = await startKafkaBroker({ dataDir: fixture.dataDir, port });
  expect(await readdir(folder)).toEqual([segment]);
  expect((await stat(join(folder, segment!))).size).toBe(size);
  await again.close();
});

test('a segment that has lost bytes is reported, not passed over', async () => {
  await send('orders', 5);
  await fixture.broker.close();
  const folder = await partitionFolder('orders');
  const [segment] = await readdir(folder);
  await truncate(join(folder, segment!), 10);
  await expect(startKafkaBroker({ dataDir: fixture.dataDir })).rejects.toThrow(
    /damaged: 10 of \d+ bytes are left/,
  );
});

test('a damaged checkpoint is reported', async () => {
  await fixture.broker.close();
  await writeFile(join(fixture.dataDir, 'checkpoint.json'), '{"format":1');
  await expect(startKafkaBroker({ dataDir: fixture.dataDir })).rejects.toThrow(/checkpoint.json is damaged/);
  await writeFile(join(fixture.dataDir, 'checkpoint.json'), '{"format":99}');
  await expect(startKafkaBroker({ dataDir: fixture.dataDir })).rejects.toThrow(/another version/);
});

test('two brokers in one process cannot share a folder, and close may be called twice', async () => {
  await expect(startKafkaBroker({ dataDir: fixture.dataDir })).rejects.toThrow(/in use by another broker/);
  await Promise.all([fixture.broker.close(), fixture.broker.close()]);
  const again = await startKafkaBroker({ dataDir: fixture.dataDir });
  await again.close();
  await rm(fixture.dataDir, { recursive: true });
});

import kafkajs, { type Admin } from 'kafkajs';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { Collector } from '../test-support/collector.js';

let fixture: BrokerFixture;
let admin: Admin;

beforeEach(async () => {
  fixture = await BrokerFixture.start({ partitions: 4 });
  admin = await fixture.connect(fixture.kafka({ retry: { retries: 0 } }).admin());
});

afterEach(() => fixture.stop());

async function send(topic: string, ...values: string[]): Promise<void> {
  const producer = await fixture.connect(fixture.kafka().producer());
  for (const value of values) await producer.send({ topic, messages: [{ partition: 0, value }] });
}

test('topics are created once, listed, described and deleted', async () => {
  expect(await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] })).toBe(true);
  expect(await admin.createTopics({ topics: [{ topic: 'orders' }] })).toBe(false);
  expect(await admin.listTopics()).toEqual(['orders']);
  const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] });
  expect(topics[0]!.partitions.map(({ partitionId, leader }) => [partitionId, leader])).toEqual([
    [0, 1],
    [1, 1],
  ]);
  await admin.deleteTopics({ topics: ['orders'] });
  expect(await admin.listTopics()).toEqual([]);
  await expect(admin.deleteTopics({ topics: ['orders'] })).rejects.toThrow(/does not host/);
});

test('a topic that is used before it is created gets the default number of partitions', async () => {
  await send('automatic', 'hello');
  const { topics } = await admin.fetchTopicMetadata({ topics: ['automatic'] });
  expect(topics[0]!.partitions).toHaveLength(4);
});

test('a topic that is created again is empty', async () => {
  await send('orders', 'old');
  await admin.deleteTopics({ topics: ['orders'] });
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  expect(await admin.fetchTopicOffsets('orders')).toEqual([
    { partition: 0, offset: '0', high: '0', low: '0' },
  ]);
});

test.each([
  ['a bad name', { topic: 'no spaces please' }, 'INVALID_TOPIC_EXCEPTION'],
  ['no partitions', { topic: 'orders', numPartitions: 0 }, 'INVALID_PARTITIONS'],
  ['two replicas', { topic: 'orders', replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
  [
    'an unknown setting',
    { topic: 'orders', configEntries: [{ name: 'colour', value: 'red' }] },
    'INVALID_CONFIG',
  ],
  [
    'what is not implemented',
    { topic: 'orders', configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
    'INVALID_CONFIG',
  ],
])('a topic with %s is refused', async (_case, topic, type) => {
  await expect(admin.createTopics({ topics: [topic] })).rejects.toMatchObject({
    errors: [expect.objectContaining({ type })],
  });
  expect(await admin.listTopics()).toEqual([]);
});

test('partitions are added, never taken away', async () => {
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 2 }] });
  await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 5 }] });
  expect(await admin.fetchTopicOffsets('orders')).toHaveLength(5);
  await expect(admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 3 }] })).rejects.toThrow(
    /partitions is invalid/i,
  );
});

test('settings are described with where they come from, and changed', async () => {
  await admin.createTopics({
    topics: [{ topic: 'orders', configEntries: [{ name: 'retention.ms', value: '60000' }] }],
  });
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: 'orders' };
  const setting = async (configName: string) => {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ ...resource, configNames: [configName] }],
    });
    const { configValue, isDefault } = resources[0]!.configEntries[0]!;
    return { configValue, isDefault };
  };
  expect(await setting('retention.ms')).toEqual({ configValue: '60000', isDefault: false });
  expect(await setting('retention.bytes')).toEqual({ configValue: '-1', isDefault: true });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'retention.bytes', value: '1000000' }] }],
  });
  expect(await setting('retention.bytes')).toEqual({ configValue: '1000000', isDefault: false });
  expect(await setting('retention.ms')).toEqual({ configValue: '604800000', isDefault: true });
});

test('records are deleted up to an offset', async () => {
  await send('orders', 'a', 'b', 'c');
  // kafkajs deletes records only of topics that it has asked about before.
  await admin.fetchTopicOffsets('orders');
  await admin.deleteTopicRecords({ topic: 'orders', partitions: [{ partition: 0, offset: '2' }] });
  expect(await admin.fetchTopicOffsets('orders')).toContainEqual({
    partition: 0,
    offset: '3',
    high: '3',
    low: '2',
  });
});

test('offsets are found by time', async () => {
  const producer = await fixture.connect(fixture.kafka().producer());
  const messages = [1000, 2000, 3000].map((time) => ({
    partition: 0,
    value: String(time),
    timestamp: String(time),
  }));
  await producer.send({ topic: 'orders', messages });
  await producer.send({
    topic: 'orders',
    compression: kafkajs.CompressionTypes.GZIP,
    messages: [4000, 5000].map((time) => ({ partition: 0, value: 'zip', timestamp: String(time) })),
  });
  const offsetAt = async (timestamp: number) => {
    const offsets = await admin.fetchTopicOffsetsByTimestamp('orders', timestamp);
    return offsets.find(({ partition }) => partition === 0)!.offset;
  };
  expect(await offsetAt(1)).toBe('0');
  expect(await offsetAt(1001)).toBe('1');
  expect(await offsetAt(3000)).toBe('2');
  expect(await offsetAt(4500)).toBe('4');
  expect(await offsetAt(5001)).toBe('5');
});

test('groups are listed and deleted, but not while they have members', async () => {
  await send('orders', 'a');
  const consumer = await fixture.connect(
    fixture.kafka().consumer({ groupId: 'readers', maxWaitTimeInMs: 100 }),
  );
  const collector = await new Collector(consumer).run(['orders']);
  await collector.untilCount(1);
  expect((await admin.listGroups()).groups).toEqual([{ groupId: 'readers', protocolType: 'consumer' }]);
  await expect(admin.deleteGroups(['readers'])).rejects.toMatchObject({
    groups: [expect.objectContaining({ error: expect.objectContaining({ type: 'NON_EMPTY_GROUP' }) })],
  });
  await consumer.disconnect();
  await admin.deleteGroups(['readers']);
  expect((await admin.listGroups()).groups).toEqual([]);
});

test('offsets of a group without members are set and reset', async () => {
  await send('orders', 'a', 'b', 'c');
  const offset = async () => {
    const [topic] = await admin.fetchOffsets({ groupId: 'idle', topics: ['orders'] });
    return topic!.partitions.find(({ partition }) => partition === 0)!.offset;
  };
  await admin.setOffsets({ groupId: 'idle', topic: 'orders', partitions: [{ partition: 0, offset: '2' }] });
  expect(await offset()).toBe('2');
  await admin.resetOffsets({ groupId: 'idle', topic: 'orders', earliest: true });
  expect(await offset()).toBe('-2');
});

test('the cluster is described with the address that the client came through', async () => {
  expect(await admin.describeCluster()).toEqual({
    brokers: [{ nodeId: 1, host: '127.0.0.1', port: fixture.broker.port }],
    controller: 1,
    clusterId: expect.stringMatching(/^[\w-]{22}$/),
  });
});

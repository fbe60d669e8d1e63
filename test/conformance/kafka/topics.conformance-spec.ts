import type { Admin, ITopicConfig } from 'kafkajs';
import { createPartitionsApi } from '../../../libs/embedded-kafka/src/protocol/messages/create-partitions.js';
import { createTopicsApi } from '../../../libs/embedded-kafka/src/protocol/messages/create-topics.js';
import { deleteRecordsApi } from '../../../libs/embedded-kafka/src/protocol/messages/delete-records.js';
import { deleteTopicsApi } from '../../../libs/embedded-kafka/src/protocol/messages/delete-topics.js';
import { describeLogDirsApi } from '../../../libs/embedded-kafka/src/protocol/messages/describe-log-dirs.js';
import { fetchApi } from '../../../libs/embedded-kafka/src/protocol/messages/fetch.js';
import { brokerUnderTest } from './broker-under-test.js';
import {
  decodeBatches,
  describeTopic,
  encodeBatch,
  ErrorCode,
  eventually,
  offsetAt,
  produce,
  type RawClient,
} from './wire.js';

const broker = brokerUnderTest();
let admin: Admin;
let client: RawClient;

beforeEach(async () => {
  admin = await broker.current.admin();
  client = await broker.current.raw();
});

const batch = (...values: string[]) => encodeBatch(values, { timestamp: Date.now() });
const partitionCount = async (topic: string) =>
  (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions.length;

test('topics are created once, listed, described and deleted', async () => {
  const topic = broker.current.name('topic');
  expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })).toBe(true);
  expect(await admin.createTopics({ topics: [{ topic }] })).toBe(false);
  expect(await admin.listTopics()).toContain(topic);
  const { brokers } = await admin.describeCluster();
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const described = topics[0]!.partitions.toSorted((a, b) => a.partitionId - b.partitionId);
  expect(described.map(({ partitionId, leader }) => [partitionId, leader])).toEqual([
    [0, brokers[0]!.nodeId],
    [1, brokers[0]!.nodeId],
  ]);
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => !(await admin.listTopics()).includes(topic));
  await expect(admin.deleteTopics({ topics: [topic] })).rejects.toThrow(/does not host/);
});

test('a topic that is created again is empty and has another id', async () => {
  const topic = await broker.current.topic();
  const { topicId } = await describeTopic(client, { name: topic });
  await produce(client, topic, batch('old'));
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => !(await admin.listTopics()).includes(topic));
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await broker.current.untilServed(topic, 1);
  expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '0', high: '0', low: '0' }]);
  expect((await describeTopic(client, { name: topic })).topicId).not.toBe(topicId);
});

test.each<[string, Partial<ITopicConfig>, string]>([
  ['a bad name', { topic: 'no spaces please' }, 'INVALID_TOPIC_EXCEPTION'],
  ['too long a name', { topic: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
  ['the name of a folder', { topic: '..' }, 'INVALID_TOPIC_EXCEPTION'],
  ['no name', { topic: '' }, 'INVALID_TOPIC_EXCEPTION'],
  ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
  ['more replicas than brokers', { replicationFactor: 99 }, 'INVALID_REPLICATION_FACTOR'],
  ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
  ['an unknown setting', { configEntries: [{ name: 'colour', value: 'red' }] }, 'INVALID_CONFIG'],
  ['a setting of no sense', { configEntries: [{ name: 'retention.ms', value: 'long' }] }, 'INVALID_CONFIG'],
  ['a setting out of range', { configEntries: [{ name: 'segment.bytes', value: '-1' }] }, 'INVALID_CONFIG'],
  [
    'a replica on a broker that is not there',
    { replicaAssignment: [{ partition: 0, replicas: [99] }] },
    'INVALID_REPLICA_ASSIGNMENT',
  ],
])('a topic with %s is refused', async (_case, asked, type) => {
  const topic = broker.current.name('refused');
  await expect(admin.createTopics({ topics: [{ topic, ...asked }] })).rejects.toMatchObject({
    errors: [expect.objectContaining({ type })],
  });
  expect(await admin.listTopics()).not.toContain(asked.topic ?? topic);
});

test('names that differ only in dots and underscores collide', async () => {
  const topic = broker.current.name('with.dot');
  await admin.createTopics({ topics: [{ topic }] });
  await expect(admin.createTopics({ topics: [{ topic: topic.replace('.', '_') }] })).rejects.toMatchObject({
    errors: [expect.objectContaining({ type: 'INVALID_TOPIC_EXCEPTION' })],
  });
});

test('a creation that is only validated creates nothing and finds the same faults', async () => {
  const name = broker.current.name('validated');
  const validate = async (partitions: number) => {
    const { topics } = await client.send(createTopicsApi, 7, {
      topics: [{ name, partitions, replicationFactor: -1, assignments: [], configs: [] }],
      timeoutMs: 5000,
      validateOnly: true,
    });
    return topics[0]!;
  };
  expect(await validate(2)).toMatchObject({ errorCode: ErrorCode.NONE, partitions: 2, replicationFactor: 1 });
  expect(await validate(0)).toMatchObject({ errorCode: ErrorCode.INVALID_PARTITIONS });
  expect(await admin.listTopics()).not.toContain(name);
});

test('a created topic is answered with its id, partitions, replicas and settings', async () => {
  const name = broker.current.name('topic');
  const { topics } = await client.send(createTopicsApi, 7, {
    topics: [
      {
        name,
        partitions: -1,
        replicationFactor: -1,
        assignments: [],
        configs: [{ name: 'retention.ms', value: '60000' }],
      },
    ],
    timeoutMs: 5000,
    validateOnly: false,
  });
  const [created] = topics;
  expect(created).toMatchObject({
    name,
    errorCode: ErrorCode.NONE,
    partitions: Number(await broker.current.setting('num.partitions')),
    replicationFactor: 1,
    configs: expect.arrayContaining([
      expect.objectContaining({ name: 'retention.ms', value: '60000', source: 1 }),
      expect.objectContaining({ name: 'cleanup.policy', value: 'delete', source: 5 }),
    ]),
  });
  expect(await describeTopic(client, { name })).toMatchObject({ topicId: created!.topicId });
});

test('one name twice in a request is refused', async () => {
  const name = broker.current.name('twice');
  const asked = { name, partitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const { topics } = await client.send(createTopicsApi, 7, {
    topics: [asked, asked],
    timeoutMs: 5000,
    validateOnly: false,
  });
  expect(topics.map(({ errorCode }) => errorCode)).toEqual([ErrorCode.INVALID_REQUEST]);
  expect(await admin.listTopics()).not.toContain(name);
});

test('a topic that a producer uses before it is created gets the default number of partitions', async () => {
  const topic = broker.current.name('automatic');
  const producer = await broker.current.connect(broker.current.kafka().producer());
  const [sent] = await producer.send({ topic, messages: [{ value: 'hello' }] });
  expect(sent).toMatchObject({ errorCode: 0, baseOffset: '0' });
  expect(await partitionCount(topic)).toBe(Number(await broker.current.setting('num.partitions')));
});

test('a topic is not created when the client does not allow it', async () => {
  const name = broker.current.name('unknown');
  expect(await describeTopic(client, { name })).toMatchObject({
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    name,
    partitions: [],
  });
  expect(await admin.listTopics()).not.toContain(name);
});

test('an impossible topic is described as such, also where topics are created automatically', async () => {
  const name = 'no spaces please';
  expect(await describeTopic(client, { name }, true)).toMatchObject({
    errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
    name,
    partitions: [],
  });
});

test('producing to, and reading from, an unknown topic does not create it', async () => {
  const topic = broker.current.name('unknown');
  const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
  expect(await produce(client, topic, batch('a'))).toMatchObject(unknown);
  expect(await offsetAt(client, topic, -1)).toMatchObject(unknown);
  expect(await admin.listTopics()).not.toContain(topic);
});

test('partitions are added, never taken away', async () => {
  const topic = await broker.current.topic(2);
  await produce(client, topic, batch('stays'), { partition: 1 });
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  await eventually(async () => (await partitionCount(topic)) === 5);
  await broker.current.untilServed(topic, 5);
  expect((await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 1)!.high).toBe('1');
  for (const count of [5, 3]) {
    await expect(admin.createPartitions({ topicPartitions: [{ topic, count }] })).rejects.toThrow(
      /partitions is invalid/i,
    );
  }
});

test('partitions of an unknown topic, and partitions that are only validated, are not created', async () => {
  const topic = await broker.current.topic(1);
  const grow = async (name: string) => {
    const { topics } = await client.send(createPartitionsApi, 3, {
      topics: [{ name, count: 2, assignments: null }],
      timeoutMs: 5000,
      validateOnly: true,
    });
    return topics[0]!.errorCode;
  };
  expect(await grow(topic)).toBe(ErrorCode.NONE);
  expect(await grow(broker.current.name('unknown'))).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  expect(await partitionCount(topic)).toBe(1);
});

test('records are deleted up to an offset', async () => {
  const topic = await broker.current.topic();
  for (const value of ['a', 'b', 'c']) await produce(client, topic, batch(value));
  const deleteTo = async (offset: number, partition = 0) => {
    const { topics } = await client.send(deleteRecordsApi, 2, {
      topics: [{ name: topic, partitions: [{ index: partition, offset }] }],
      timeoutMs: 5000,
    });
    return topics[0]!.partitions[0]!;
  };
  expect(await deleteTo(2)).toEqual({ index: 0, errorCode: ErrorCode.NONE, lowWatermark: 2 });
  expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '3', high: '3', low: '2' }]);
  expect(await deleteTo(1)).toMatchObject({ errorCode: ErrorCode.NONE, lowWatermark: 2 });
  expect(await deleteTo(4)).toMatchObject({ errorCode: ErrorCode.OFFSET_OUT_OF_RANGE });
  expect(await deleteTo(0, 9)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
  expect(await deleteTo(-1)).toMatchObject({ errorCode: ErrorCode.NONE, lowWatermark: 3 });
});

async function fetchById(topicId: string) {
  const { topics, ...answer } = await client.send(fetchApi, 17, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    topics: [{ name: '', topicId, partitions: [{ index: 0, fetchOffset: 0, maxBytes: 1_000_000 }] }],
    forgottenTopics: [],
    rackId: '',
  });
  return { ...answer, partition: topics[0]!.partitions[0]! };
}

test('topics are described, read and deleted by their id', async () => {
  const topic = await broker.current.topic();
  await produce(client, topic, batch('one'));
  const { topicId } = await describeTopic(client, { name: topic });
  expect(await describeTopic(client, { topicId })).toMatchObject({ errorCode: ErrorCode.NONE, name: topic });
  const { partition } = await fetchById(topicId);
  expect(decodeBatches(partition.records!)).toEqual([{ offset: 0, value: 'one' }]);

  const remove = async () => {
    const { topics } = await client.send(deleteTopicsApi, 6, {
      topics: [{ name: null, topicId }],
      topicNames: [],
      timeoutMs: 5000,
    });
    return topics[0]!;
  };
  expect(await remove()).toMatchObject({ errorCode: ErrorCode.NONE, name: topic, topicId });
  await eventually(async () => !(await admin.listTopics()).includes(topic));
  expect((await fetchById(topicId)).partition.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  expect(await describeTopic(client, { topicId })).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID });
  expect(await remove()).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID });
});

test('the sizes of partitions are told', async () => {
  const topic = await broker.current.topic();
  await produce(client, topic, batch('x'.repeat(1000)));
  const size = async () => {
    const { folders } = await client.send(describeLogDirsApi, 4, {
      topics: [{ name: topic, partitions: [0] }],
    });
    return folders[0]!.topics[0]!.partitions[0]!.size;
  };
  await eventually(async () => (await size()) > 1000);
  expect(await size()).toBeLessThan(1200);
});

test('the cluster is described with its brokers, its controller and its id', async () => {
  const cluster = await admin.describeCluster();
  expect(cluster).toEqual({
    brokers: [{ nodeId: expect.any(Number), host: expect.any(String), port: broker.current.port }],
    controller: cluster.brokers[0]!.nodeId,
    clusterId: expect.stringMatching(/^[\w-]{22}$/),
  });
});

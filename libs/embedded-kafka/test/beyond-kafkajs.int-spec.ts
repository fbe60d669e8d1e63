import type { Admin } from 'kafkajs';
import { ErrorCode } from '../src/protocol/errors.js';
import { deleteTopicsApi } from '../src/protocol/messages/delete-topics.js';
import { describeConfigsApi } from '../src/protocol/messages/describe-configs.js';
import { describeLogDirsApi } from '../src/protocol/messages/describe-log-dirs.js';
import { fetchApi } from '../src/protocol/messages/fetch.js';
import { incrementalAlterConfigsApi } from '../src/protocol/messages/incremental-alter-configs.js';
import { listGroupsApi } from '../src/protocol/messages/list-groups.js';
import { listOffsetsApi } from '../src/protocol/messages/list-offsets.js';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { offsetDeleteApi } from '../src/protocol/messages/offset-delete.js';
import { offsetFetchApi } from '../src/protocol/messages/offset-fetch.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { Collector } from '../test-support/collector.js';
import { eventually } from '../test-support/eventually.js';
import { RawClient } from '../test-support/raw-client.js';
import { decodeBatches, encodeBatch } from '../test-support/record-batches.js';

// What other clients ask for and kafkajs does not.
const topicResource = { type: 2, name: 'orders' };
let fixture: BrokerFixture;
let admin: Admin;
let client: RawClient;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
  admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  client = await RawClient.connect(fixture.broker.port);
});

afterEach(async () => {
  client.close();
  await fixture.stop();
});

async function produce(value: string, timestamp: number): Promise<void> {
  await client.send(produceApi, 11, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name: 'orders', partitions: [{ index: 0, records: [encodeBatch([value], { timestamp })] }] }],
  });
}

async function topicId(): Promise<string> {
  const { topics } = await client.send(metadataApi, 12, {
    topics: [{ topicId: '', name: 'orders' }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return topics[0]!.topicId;
}

function fetchById(id: string) {
  return client.send(fetchApi, 17, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    topics: [{ name: '', topicId: id, partitions: [{ index: 0, fetchOffset: 0, maxBytes: 1_000_000 }] }],
    forgottenTopics: [],
    rackId: '',
  });
}

test('topics are described, read and deleted by their id', async () => {
  await produce('one', 1);
  const id = await topicId();
  const { topics: described } = await client.send(metadataApi, 12, {
    topics: [{ topicId: id, name: null }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  expect(described[0]).toMatchObject({ errorCode: ErrorCode.NONE, name: 'orders' });
  const { topics } = await fetchById(id);
  expect(decodeBatches(topics[0]!.partitions[0]!.records!)).toEqual([{ offset: 0, value: 'one' }]);

  const { topics: deleted } = await client.send(deleteTopicsApi, 6, {
    topics: [{ name: null, topicId: id }],
    topicNames: [],
    timeoutMs: 1000,
  });
  expect(deleted[0]).toMatchObject({ errorCode: ErrorCode.NONE, name: 'orders' });
  const { topics: gone } = await fetchById(id);
  expect(gone[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
});

async function setting(name: string) {
  const { resources } = await client.send(describeConfigsApi, 4, {
    resources: [{ ...topicResource, keys: [name] }],
    includeSynonyms: false,
    includeDocumentation: true,
  });
  return resources[0]!.configs[0]!;
}

async function alter(name: string, operation: number, value: string | null): Promise<number> {
  const { resources } = await client.send(incrementalAlterConfigsApi, 1, {
    resources: [{ ...topicResource, configs: [{ name, operation, value }] }],
    validateOnly: false,
  });
  return resources[0]!.errorCode;
}

test('settings are changed one by one', async () => {
  const [set, remove, append] = [0, 1, 2];
  expect(await alter('retention.ms', set, '1000')).toBe(ErrorCode.NONE);
  expect(await alter('retention.bytes', set, '2000')).toBe(ErrorCode.NONE);
  expect(await setting('retention.ms')).toMatchObject({ value: '1000', source: 1 });
  expect(await alter('retention.ms', remove, null)).toBe(ErrorCode.NONE);
  expect(await setting('retention.ms')).toMatchObject({ value: '604800000', source: 5 });
  expect(await setting('retention.bytes')).toMatchObject({ value: '2000', source: 1 });
  expect((await setting('retention.bytes')).documentation).toContain('segments');
  expect(await alter('cleanup.policy', append, 'delete')).toBe(ErrorCode.INVALID_REQUEST);
  expect(await alter('colour', remove, null)).toBe(ErrorCode.INVALID_CONFIG);
});

test('the youngest record is found, wherever it is', async () => {
  for (const [value, timestamp] of Object.entries({ a: 5, b: 9, c: 7 })) await produce(value, timestamp);
  const youngest = async () => {
    const { topics } = await client.send(listOffsetsApi, 7, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 'orders', partitions: [{ index: 0, timestamp: -3 }] }],
    });
    return topics[0]!.partitions[0]!;
  };
  expect(await youngest()).toMatchObject({ offset: 1, timestamp: 9 });
  await fixture.restart();
  client = await RawClient.connect(fixture.broker.port);
  expect(await youngest()).toMatchObject({ offset: 1, timestamp: 9 });
});

test('offsets are deleted, but not while the group reads the topic', async () => {
  await produce('one', 1);
  const consumer = await fixture.connect(
    fixture.kafka().consumer({ groupId: 'readers', maxWaitTimeInMs: 100 }),
  );
  const collector = await new Collector(consumer).run(['orders']);
  await collector.untilCount(1);
  const remove = async () => {
    const { topics } = await client.send(offsetDeleteApi, 0, {
      groupId: 'readers',
      topics: [{ name: 'orders', partitions: [{ index: 0 }] }],
    });
    return topics[0]!.partitions[0]!.errorCode;
  };
  const committed = async () => {
    const { groups } = await client.send(offsetFetchApi, 9, {
      groupId: '',
      topics: null,
      groups: [{ groupId: 'readers', memberId: null, topics: null }],
      requireStable: true,
    });
    return groups[0]!.topics.map(({ name, partitions }) => [name, partitions[0]!.offset]);
  };
  await eventually(async () => (await committed()).length > 0);
  expect(await remove()).toBe(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC);
  await consumer.disconnect();
  expect(await committed()).toEqual([['orders', 1]]);
  expect(await remove()).toBe(ErrorCode.NONE);
  expect(await committed()).toEqual([]);
});

test('groups are listed by state and type', async () => {
  await admin.setOffsets({ groupId: 'idle', topic: 'orders', partitions: [{ partition: 0, offset: '0' }] });
  const listed = async (statesFilter: string[], typesFilter: string[]) => {
    const { groups } = await client.send(listGroupsApi, 5, { statesFilter, typesFilter });
    return groups;
  };
  expect(await listed(['empty'], [])).toEqual([
    { groupId: 'idle', protocolType: 'consumer', state: 'Empty', type: 'classic' },
  ]);
  expect(await listed(['Stable'], [])).toEqual([]);
  expect(await listed([], ['consumer'])).toEqual([]);
});

test('the sizes of partitions are told', async () => {
  await produce('x'.repeat(1000), 1);
  const size = async () => {
    const { folders } = await client.send(describeLogDirsApi, 4, { topics: null });
    expect(folders[0]!.path).toBe(fixture.broker.dataDir);
    return folders[0]!.topics[0]!.partitions[0]!.size;
  };
  await eventually(async () => (await size()) > 1000);
  expect(await size()).toBeLessThan(1200);
});

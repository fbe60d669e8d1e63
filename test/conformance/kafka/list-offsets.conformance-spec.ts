import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { listOffsetsApi } from '../../../libs/embedded-kafka/src/protocol/messages/list-offsets.js';
import { offsetForLeaderEpochApi } from '../../../libs/embedded-kafka/src/protocol/messages/offset-for-leader-epoch.js';
import { brokerUnderTest } from './broker-under-test.js';
import { encodeBatch, ErrorCode, offsetAt, produce, type RawClient } from './wire.js';

const [latest, earliest, youngest] = [-1, -2, -3];
const broker = brokerUnderTest();
// Records of the distant past would be deleted while the test looks at them.
const start = Date.now() - 10_000;
let admin: Admin;
let client: RawClient;
let producer: Producer;
let topic: string;

beforeEach(async () => {
  admin = await broker.current.admin();
  client = await broker.current.raw();
  producer = await broker.current.connect(broker.current.kafka().producer());
  topic = await broker.current.topic();
});

const at = (...times: number[]) => times.map((time) => ({ value: 'x', timestamp: String(start + time) }));

test('offsets are found by time, also within batches and compressed ones', async () => {
  await producer.send({ topic, messages: at(1000, 2000, 3000) });
  await producer.send({
    topic,
    compression: kafkajs.CompressionTypes.GZIP,
    messages: at(4000, 5000),
  });
  const offset = async (time: number) => {
    const [found] = await admin.fetchTopicOffsetsByTimestamp(topic, start + time);
    return found!.offset;
  };
  expect(await offset(1)).toBe('0');
  expect(await offset(1001)).toBe('1');
  expect(await offset(3000)).toBe('2');
  expect(await offset(4500)).toBe('4');
  expect(await offset(5001)).toBe('5');
});

test('the record that is found is told with its time; when there is none, neither is', async () => {
  await producer.send({ topic, messages: at(1000, 2000) });
  expect(await offsetAt(client, topic, start + 1500)).toMatchObject({
    errorCode: ErrorCode.NONE,
    offset: 1,
    timestamp: start + 2000,
    leaderEpoch: 0,
  });
  expect(await offsetAt(client, topic, start + 2001)).toMatchObject({
    errorCode: ErrorCode.NONE,
    offset: -1,
    timestamp: -1,
  });
});

test('times that go back are searched from the beginning', async () => {
  await producer.send({ topic, messages: at(5000, 1000) });
  await producer.send({ topic, messages: at(3000) });
  expect(await offsetAt(client, topic, start + 2000)).toMatchObject({ offset: 0 });
  expect(await offsetAt(client, topic, start + 4000)).toMatchObject({ offset: 0 });
});

test('beginning and end are told, also of an empty partition and after records were deleted', async () => {
  const ends = async () => [
    (await offsetAt(client, topic, earliest)).offset,
    (await offsetAt(client, topic, latest)).offset,
  ];
  expect(await ends()).toEqual([0, 0]);
  await producer.send({ topic, messages: at(1, 2, 3) });
  expect(await ends()).toEqual([0, 3]);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
  expect(await ends()).toEqual([2, 3]);
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] });
  expect(await ends()).toEqual([3, 3]);
});

test('the youngest record is found, wherever it is', async () => {
  expect(await offsetAt(client, topic, youngest)).toMatchObject({ offset: -1, timestamp: -1 });
  for (const time of [5, 9, 7]) {
    await produce(client, topic, encodeBatch(['x'], { timestamp: start + time }));
  }
  expect(await offsetAt(client, topic, youngest)).toMatchObject({ offset: 1, timestamp: start + 9 });
});

test('an unknown partition is refused', async () => {
  const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, offset: -1, timestamp: -1 };
  expect(await offsetAt(client, topic, latest, 9)).toMatchObject(unknown);
  expect(await offsetAt(client, broker.current.name('unknown'), latest)).toMatchObject(unknown);
});

test('a leader epoch that is not there yet is refused', async () => {
  const { topics } = await client.send(listOffsetsApi, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ index: 0, timestamp: latest, currentLeaderEpoch: 1 }] }],
  });
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH);
});

async function endOfEpoch(leaderEpoch: number, currentLeaderEpoch = -1, index = 0) {
  const { topics } = await client.send(offsetForLeaderEpochApi, 4, {
    replicaId: -1,
    topics: [{ name: topic, partitions: [{ index, currentLeaderEpoch, leaderEpoch }] }],
  });
  return topics[0]!.partitions[0]!;
}

test('the end of the leader epoch is told', async () => {
  await producer.send({ topic, messages: at(1, 2, 3) });
  expect(await endOfEpoch(0)).toMatchObject({ errorCode: ErrorCode.NONE, leaderEpoch: 0, endOffset: 3 });
  expect(await endOfEpoch(1)).toMatchObject({ errorCode: ErrorCode.NONE, leaderEpoch: -1, endOffset: -1 });
  expect(await endOfEpoch(0, 1)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH });
  expect(await endOfEpoch(0, -1, 9)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
});

import { apiVersionsApi } from '../../../libs/embedded-kafka/src/protocol/messages/api-versions.js';
import { fetchApi } from '../../../libs/embedded-kafka/src/protocol/messages/fetch.js';
import { brokerUnderTest } from './broker-under-test.js';
import { decodeBatches, encodeBatch, ErrorCode, fetchFrom, noId, produce, type RawClient } from './wire.js';

const forever = 600_000;
const broker = brokerUnderTest();
let client: RawClient;
let topic: string;

beforeEach(async () => {
  client = await broker.current.raw();
  topic = await broker.current.topic(2);
});

const batch = (...values: string[]) => encodeBatch(values, { timestamp: Date.now() });
/** Asks for whatever there is in partitions of the topic, from their beginning on. */
const fetchRequest = ({ maxWaitMs, partitions = [0] }: { maxWaitMs: number; partitions?: number[] }) => ({
  maxWaitMs,
  minBytes: 1,
  maxBytes: 1_000_000,
  isolationLevel: 0,
  topics: [
    {
      name: topic,
      topicId: noId,
      partitions: partitions.map((index) => ({ index, fetchOffset: 0, maxBytes: 1_000_000 })),
    },
  ],
  forgottenTopics: [],
  rackId: '',
});
const values = (records: Buffer | null) => decodeBatches(records!).map(({ value }) => value);

test('a fetch is answered with the records from its offset on, and with the bounds of the log', async () => {
  for (const value of ['a', 'b', 'c']) await produce(client, topic, batch(value));
  const answer = await fetchFrom(client, topic, { offset: 1 });
  expect(answer).toMatchObject({
    errorCode: ErrorCode.NONE,
    highWatermark: 3,
    lastStableOffset: 3,
    logStartOffset: 0,
  });
  expect(values(answer.records)).toEqual(['b', 'c']);
});

test('a fetch at the end of the log is answered with nothing', async () => {
  await produce(client, topic, batch('a'));
  const { errorCode, records } = await fetchFrom(client, topic, { offset: 1 });
  expect([errorCode, records?.length ?? 0]).toEqual([ErrorCode.NONE, 0]);
});

test('a fetch waits for a record, and is answered with it', async () => {
  const waiting = fetchFrom(client, topic, { maxWaitMs: forever });
  await produce(await broker.current.raw(), topic, batch('awaited'));
  expect(values((await waiting).records)).toEqual(['awaited']);
});

test('a fetch waits until there are as many bytes as it wants', async () => {
  const waiting = fetchFrom(client, topic, { maxWaitMs: forever, minBytes: 300 });
  const producer = await broker.current.raw();
  await produce(producer, topic, batch('a'));
  await produce(producer, topic, batch('x'.repeat(300)));
  expect(values((await waiting).records)).toEqual(['a', 'x'.repeat(300)]);
});

test('a fetch that has waited long enough is answered with what there is', async () => {
  await produce(client, topic, batch('a'));
  const { records } = await fetchFrom(client, topic, { maxWaitMs: 100, minBytes: 1000 });
  expect(values(records)).toEqual(['a']);
});

test('a fetch that wants no bytes does not wait', async () => {
  const { errorCode } = await fetchFrom(client, topic, { maxWaitMs: forever, minBytes: 0 });
  expect(errorCode).toBe(ErrorCode.NONE);
});

test('a fetch waits for any of its partitions', async () => {
  const waiting = client.send(fetchApi, 11, fetchRequest({ maxWaitMs: forever, partitions: [0, 1] }));
  await produce(await broker.current.raw(), topic, batch('in the second'), { partition: 1 });
  const { topics } = await waiting;
  const found = topics.flatMap(({ partitions }) => partitions).filter(({ records }) => records?.length);
  expect(found.map(({ index, records }) => [index, values(records)])).toEqual([[1, ['in the second']]]);
});

test('a fetch with something wrong is answered at once, however long it would wait', async () => {
  const errorCode = async (partition: number, offset: number, name = topic) =>
    (await fetchFrom(client, name, { partition, offset, maxWaitMs: forever })).errorCode;
  expect(await errorCode(0, 99)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  expect(await errorCode(0, -1)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  expect(await errorCode(9, 0)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  expect(await errorCode(0, 0, broker.current.name('unknown'))).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

test('an offset before the beginning of the log is out of range', async () => {
  for (const value of ['a', 'b']) await produce(client, topic, batch(value));
  const admin = await broker.current.admin();
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
  expect(await fetchFrom(client, topic, { offset: 0 })).toMatchObject({
    errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
  });
  expect(values((await fetchFrom(client, topic, { offset: 1 })).records)).toEqual(['b']);
});

test('a leader epoch that is not there yet is refused', async () => {
  expect(await fetchFrom(client, topic, { currentLeaderEpoch: 1, maxWaitMs: forever })).toMatchObject({
    errorCode: ErrorCode.UNKNOWN_LEADER_EPOCH,
  });
});

test('a batch that is larger than all limits is sent all the same, so that a consumer gets on', async () => {
  const large = 'x'.repeat(5000);
  await produce(client, topic, batch(large));
  await produce(client, topic, batch(large));
  const { records } = await fetchFrom(client, topic, { maxBytes: 100, partitionMaxBytes: 100 });
  expect(values(records)).toEqual([large]);
});

test('a fetch that waits ends when the topic is deleted', async () => {
  const admin = await broker.current.admin();
  const waiting = fetchFrom(client, topic, { maxWaitMs: forever });
  await fetchFrom(await broker.current.raw(), topic);
  await admin.deleteTopics({ topics: [topic] });
  expect(await waiting).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION });
});

test('requests on one connection are answered in order, also behind one that waits', async () => {
  const order: string[] = [];
  const waiting = client.send(fetchApi, 11, fetchRequest({ maxWaitMs: 200 })).then(() => order.push('fetch'));
  const behind = client
    .send(apiVersionsApi, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })
    .then(() => order.push('api versions'));
  await Promise.all([waiting, behind]);
  expect(order).toEqual(['fetch', 'api versions']);
});

test('an unknown fetch session is refused', async () => {
  const request = { ...fetchRequest({ maxWaitMs: 0, partitions: [] }), topics: [] };
  const session = { sessionId: 123_456_789, sessionEpoch: 1 };
  const { errorCode, topics } = await client.send(fetchApi, 11, { ...request, ...session });
  expect({ errorCode, topics }).toEqual({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, topics: [] });
});

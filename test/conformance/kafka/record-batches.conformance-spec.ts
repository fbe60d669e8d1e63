import { gunzipSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { produceApi } from '../../../libs/embedded-kafka/src/protocol/messages/produce.js';
import { brokerUnderTest } from './broker-under-test.js';
import {
  decodeBatches,
  encodeBatch,
  ErrorCode,
  everybody,
  fetchFrom,
  offsetAt,
  produce,
  type RawClient,
} from './wire.js';

const broker = brokerUnderTest();
let client: RawClient;
let topic: string;

beforeEach(async () => {
  client = await broker.current.raw();
  topic = await broker.current.topic();
});

/** The messages of the topic's first partition as kafkajs decodes them. */
async function consume(count: number) {
  const groupId = broker.current.name('readers');
  const consumer = await broker.current.connect(
    broker.current.kafka().consumer({ groupId, maxWaitTimeInMs: 500 }),
  );
  await consumer.subscribe({ topic, fromBeginning: true });
  const messages: kafkajs.KafkaMessage[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        messages.push(message);
        if (messages.length === count) resolve();
      },
    });
  });
  return messages;
}

async function send(messages: kafkajs.Message[], compression = kafkajs.CompressionTypes.None): Promise<void> {
  const producer = await broker.current.connect(broker.current.kafka().producer());
  await producer.send({ topic, messages, compression });
}

test('headers keep their order, their bytes, several values of one name, and null', async () => {
  const bytes = Buffer.from([0, 255, 128]);
  await send([{ value: 'x', headers: { b: 'second', a: bytes, many: ['1', '2'] } }]);
  const [message] = await consume(1);
  expect(Object.keys(message!.headers!)).toEqual(['b', 'a', 'many']);
  expect(message!.headers).toEqual({
    b: Buffer.from('second'),
    a: bytes,
    many: [Buffer.from('1'), Buffer.from('2')],
  });
});

test('a null and an empty key, and a null and an empty value, are different things', async () => {
  await send([
    { key: null, value: null },
    { key: '', value: '' },
  ]);
  const messages = await consume(2);
  expect(messages.map(({ key, value }) => ({ key, value }))).toEqual([
    { key: null, value: null },
    { key: Buffer.alloc(0), value: Buffer.alloc(0) },
  ]);
});

test('records keep the timestamps that the producer gave them', async () => {
  const now = Date.now();
  const times = [now, now - 5000, now + 10].map(String);
  await send(times.map((timestamp) => ({ value: 'x', timestamp })));
  const messages = await consume(3);
  expect(messages.map(({ timestamp }) => timestamp)).toEqual(times);
});

test('binary values arrive byte by byte', async () => {
  const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  await send([{ value }]);
  const [message] = await consume(1);
  expect(message!.value).toEqual(value);
});

test('a batch stays compressed as the producer sent it', async () => {
  await send([{ value: 'x'.repeat(5000) }], kafkajs.CompressionTypes.GZIP);
  const { records } = await fetchFrom(client, topic);
  const [attributes, headerBytes] = [records!.readInt16BE(21), 61];
  expect(attributes & 0x07).toBe(kafkajs.CompressionTypes.GZIP);
  expect(records!.length).toBeLessThan(500);
  expect(gunzipSync(records!.subarray(headerBytes)).toString('latin1')).toContain('x'.repeat(5000));
});

test('a batch is given its offset and the leader epoch, and is otherwise stored as it was sent', async () => {
  const batch = encodeBatch(['a', 'b'], { timestamp: Date.now() });
  await produce(client, topic, encodeBatch(['before'], { timestamp: Date.now() }));
  expect(await produce(client, topic, Buffer.from(batch))).toMatchObject({
    errorCode: ErrorCode.NONE,
    baseOffset: 1,
    logStartOffset: 0,
    logAppendTimeMs: -1,
  });
  const { records } = await fetchFrom(client, topic, { offset: 1 });
  expect(records!.readBigInt64BE(0)).toBe(1n);
  const [afterOffset, leaderEpoch, magic] = [8, 12, 16];
  expect(records!.subarray(afterOffset, leaderEpoch)).toEqual(batch.subarray(afterOffset, leaderEpoch));
  expect(records!.subarray(magic)).toEqual(batch.subarray(magic));
});

test('a fetch from within a batch is answered with the whole batch', async () => {
  await produce(client, topic, encodeBatch(['a', 'b', 'c'], { timestamp: Date.now() }));
  const { records } = await fetchFrom(client, topic, { offset: 1 });
  expect(decodeBatches(records!).map(({ value }) => value)).toEqual(['a', 'b', 'c']);
});

const intact = () => encodeBatch(['a'], { timestamp: Date.now() });
const changed = (change: (batch: Buffer) => void) => () => {
  const batch = intact();
  change(batch);
  return batch;
};

test.each([
  ['that fails its checksum', changed((batch) => (batch[batch.length - 1]! ^= 1)), ErrorCode.CORRUPT_MESSAGE],
  ['of a control record', () => encodeBatch(['a'], { attributes: 0x20 }), ErrorCode.INVALID_RECORD],
  ['followed by another batch', () => Buffer.concat([intact(), intact()]), ErrorCode.INVALID_RECORD],
])('a batch %s is refused, and nothing of it is stored', async (_case, batch, code) => {
  expect(await produce(client, topic, batch())).toMatchObject({ errorCode: code, baseOffset: -1 });
  expect(await offsetAt(client, topic, -1)).toMatchObject({ offset: 0 });
});

test('parts of a request that are wrong are refused apart from the others', async () => {
  const batch = (corrupt = false) => {
    const bytes = intact();
    if (corrupt) bytes[bytes.length - 1]! ^= 1;
    return [bytes];
  };
  const several = await broker.current.topic(3);
  const { topics } = await client.send(produceApi, 8, {
    transactionalId: null,
    acks: everybody,
    timeoutMs: 5000,
    topics: [
      {
        name: several,
        partitions: [
          { index: 0, records: batch() },
          { index: 1, records: batch(true) },
          { index: 2, records: batch() },
          { index: 3, records: batch() },
        ],
      },
      { name: broker.current.name('unknown'), partitions: [{ index: 0, records: batch() }] },
    ],
  });
  const codes = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ index, errorCode }) => [name === several ? index : 'unknown', errorCode]),
  );
  expect(Object.fromEntries(codes)).toEqual({
    0: ErrorCode.NONE,
    1: ErrorCode.CORRUPT_MESSAGE,
    2: ErrorCode.NONE,
    3: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    unknown: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  });
});

test('an unknown number of acknowledgements is refused', async () => {
  expect(await produce(client, topic, intact(), { acks: 2 })).toMatchObject({
    errorCode: ErrorCode.INVALID_REQUIRED_ACKS,
  });
  expect(await offsetAt(client, topic, -1)).toMatchObject({ offset: 0 });
});

import kafkajs from 'kafkajs';
import { brokerUnderTest } from './broker-under-test.js';
import { Collector } from './wire.js';

// Short, because kafkajs waits for its last fetch when it disconnects.
const maxWaitTimeInMs = 500;
const broker = brokerUnderTest();

const producer = () => broker.current.connect(broker.current.kafka().producer());
const consumer = (groupId = broker.current.name('readers')) =>
  broker.current.connect(broker.current.kafka().consumer({ groupId, maxWaitTimeInMs }));

test.each([
  ['uncompressed', kafkajs.CompressionTypes.None],
  ['gzip', kafkajs.CompressionTypes.GZIP],
])('a batch over several topics arrives as it was sent, %s', async (_name, compression) => {
  const [orders, payments] = [await broker.current.topic(3), await broker.current.topic(2)];
  const idempotent = await broker.current.connect(broker.current.kafka().producer({ idempotent: true }));
  const sent = await idempotent.sendBatch({
    acks: -1,
    compression,
    topicMessages: [
      {
        topic: orders,
        messages: [
          { partition: 0, key: 'a', value: 'first', headers: { type: 'created' } },
          { partition: 0, key: 'a', value: 'second' },
          { partition: 2, key: null, value: null },
        ],
      },
      { topic: payments, messages: [{ partition: 1, value: 'äöü €' }] },
    ],
  });
  expect(sent).toContainEqual(
    expect.objectContaining({ topicName: orders, partition: 0, errorCode: 0, baseOffset: '0' }),
  );

  const collector = await new Collector(await consumer()).run([orders, payments]);
  await collector.untilCount(4);

  const inPartition = (topic: string, partition: number) =>
    collector.messages.filter((message) => message.topic === topic && message.partition === partition);
  expect(inPartition(orders, 0)).toEqual([
    { topic: orders, partition: 0, offset: 0, key: 'a', value: 'first', headers: { type: 'created' } },
    { topic: orders, partition: 0, offset: 1, key: 'a', value: 'second', headers: {} },
  ]);
  expect(inPartition(orders, 2)).toEqual([expect.objectContaining({ key: undefined, value: undefined })]);
  expect(inPartition(payments, 1)).toEqual([expect.objectContaining({ value: 'äöü €' })]);
});

test('a waiting consumer gets every message as it comes, in order', async () => {
  const topic = await broker.current.topic();
  const collector = await new Collector(await consumer()).run([topic]);
  const sender = await producer();
  for (let count = 1; count <= 20; count++) {
    await sender.send({ topic, messages: [{ value: `message ${count}` }] });
    await collector.untilCount(count);
  }
  expect(collector.messages.map(({ offset }) => offset)).toEqual([...Array(20).keys()]);
});

test.each([
  ['of the leader', 1],
  ['of all replicas', -1],
])('a message with the acknowledgement %s is there for everyone', async (_name, acks) => {
  const topic = await broker.current.topic(2);
  const [sent] = await (await producer()).send({ topic, acks, messages: [{ partition: 1, value: 'one' }] });
  expect(sent).toMatchObject({ errorCode: 0, baseOffset: '0' });
  const offsets = await (await broker.current.admin()).fetchTopicOffsets(topic);
  expect(offsets).toContainEqual({ partition: 1, offset: '1', high: '1', low: '0' });
});

test('a message without acknowledgement gets no answer, and is there', async () => {
  const topic = await broker.current.topic();
  const sender = await producer();
  const answer = await sender.send({ topic, acks: 0, messages: [{ value: 'unacknowledged' }] });
  expect(answer).toEqual([]);
  await sender.send({ topic, acks: -1, messages: [{ value: 'acknowledged' }] });
  const collector = await new Collector(await consumer()).run([topic]);
  await collector.untilCount(2);
  expect(collector.values).toEqual(['unacknowledged', 'acknowledged']);
});

test('a message beyond max.message.bytes is refused and nothing of it is stored', async () => {
  const topic = await broker.current.topic(1, { 'max.message.bytes': '1000' });
  const sender = await broker.current.connect(broker.current.kafka({ retry: { retries: 0 } }).producer());
  await expect(sender.send({ topic, messages: [{ value: 'x'.repeat(2000) }] })).rejects.toMatchObject({
    type: 'MESSAGE_TOO_LARGE',
  });
  const offsets = await (await broker.current.admin()).fetchTopicOffsets(topic);
  expect(offsets).toEqual([expect.objectContaining({ high: '0' })]);
});

test('messages with one key are in one partition, in the order in which they were sent', async () => {
  const topic = await broker.current.topic(4);
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  const sender = await producer();
  for (let round = 0; round < 5; round++) {
    await sender.send({ topic, messages: keys.map((key) => ({ key, value: `${key}${round}` })) });
  }
  const collector = await new Collector(await consumer()).run([topic]);
  await collector.untilCount(keys.length * 5);
  for (const key of keys) {
    const ofKey = collector.messages.filter((message) => message.key === key);
    expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
    expect(ofKey.map(({ value }) => value)).toEqual([0, 1, 2, 3, 4].map((round) => `${key}${round}`));
  }
});

test('a consumer that does not want the past gets what comes after it has joined', async () => {
  const topic = await broker.current.topic();
  const sender = await producer();
  await sender.send({ topic, messages: [{ value: 'past' }] });
  const late = await consumer();
  const fetched = new Promise((resolve) => late.on(late.events.FETCH, resolve));
  const collector = await new Collector(late).run([topic], false);
  await fetched;
  await sender.send({ topic, messages: [{ value: 'present' }] });
  await collector.untilCount(1);
  expect(collector.values).toEqual(['present']);
});

test('a consumer whose offset is gone goes on where the log begins', async () => {
  const topic = await broker.current.topic();
  const groupId = broker.current.name('slow');
  const admin = await broker.current.admin();
  const sender = await producer();
  for (const value of ['a', 'b', 'c']) await sender.send({ topic, messages: [{ value }] });
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '0' }] });
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
  const collector = await new Collector(await consumer(groupId)).run([topic]);
  await collector.untilCount(1);
  expect(collector.values).toEqual(['c']);
});

test('a consumer that seeks goes on at the offset it names', async () => {
  const topic = await broker.current.topic();
  const messages = ['a', 'b', 'c', 'd'].map((value) => ({ value }));
  await (await producer()).send({ topic, messages });
  const reader = await consumer();
  const collector = await new Collector(reader).run([topic]);
  await collector.untilCount(4);
  reader.seek({ topic, partition: 0, offset: '2' });
  await collector.untilCount(6);
  expect(collector.values).toEqual(['a', 'b', 'c', 'd', 'c', 'd']);
});

import kafkajs from 'kafkajs';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { Collector } from '../test-support/collector.js';

// Short, because kafkajs waits for its last fetch when it disconnects.
const maxWaitTimeInMs = 2000;

let fixture: BrokerFixture;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
});

afterEach(() => fixture.stop());

const consume = (groupId: string) => fixture.connect(fixture.kafka().consumer({ groupId, maxWaitTimeInMs }));

test.each([
  ['uncompressed', kafkajs.CompressionTypes.None],
  ['gzip', kafkajs.CompressionTypes.GZIP],
])('a batch over several topics arrives as it was sent, %s', async (_name, compression) => {
  const producer = await fixture.connect(fixture.kafka().producer({ idempotent: true }));
  const sent = await producer.sendBatch({
    acks: -1,
    compression,
    topicMessages: [
      {
        topic: 'orders',
        messages: [
          { partition: 0, key: 'a', value: 'first', headers: { type: 'created' } },
          { partition: 0, key: 'a', value: 'second' },
          { partition: 2, key: null, value: null },
        ],
      },
      { topic: 'payments', messages: [{ partition: 1, value: 'äöü €' }] },
    ],
  });
  expect(sent).toContainEqual(
    expect.objectContaining({ topicName: 'orders', partition: 0, errorCode: 0, baseOffset: '0' }),
  );

  const collector = await new Collector(await consume('readers')).run(['orders', 'payments']);
  await collector.untilCount(4);

  const inPartition = (topic: string, partition: number) =>
    collector.messages.filter((message) => message.topic === topic && message.partition === partition);
  expect(inPartition('orders', 0)).toEqual([
    { topic: 'orders', partition: 0, offset: 0, key: 'a', value: 'first', headers: { type: 'created' } },
    { topic: 'orders', partition: 0, offset: 1, key: 'a', value: 'second', headers: {} },
  ]);
  expect(inPartition('orders', 2)).toEqual([expect.objectContaining({ key: undefined, value: undefined })]);
  expect(inPartition('payments', 1)).toEqual([expect.objectContaining({ value: 'äöü €' })]);
});

test('a waiting consumer gets a message without waiting for its time to be up', async () => {
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  const collector = await new Collector(await consume('readers')).run(['orders']);
  const producer = await fixture.connect(fixture.kafka().producer());
  for (let count = 1; count <= 20; count++) {
    await producer.send({ topic: 'orders', messages: [{ value: `message ${count}` }] });
    await collector.untilCount(count);
  }
  expect(collector.messages.map(({ offset }) => offset)).toEqual([...Array(20).keys()]);
});

test('a consumer that starts late reads from the files what is no longer in memory', async () => {
  await fixture.stop();
  fixture = await BrokerFixture.start({ recentBytes: 0, topicDefaults: { 'segment.bytes': '20000' } });
  const producer = await fixture.connect(fixture.kafka().producer({ idempotent: true }));
  const values = Array.from({ length: 500 }, (_, index) => `${index} `.padEnd(200, 'x'));
  for (let from = 0; from < values.length; from += 20) {
    const messages = values.slice(from, from + 20).map((value) => ({ partition: 0, value }));
    await producer.send({ topic: 'orders', messages });
  }
  await fixture.restart();
  const collector = await new Collector(await consume('late')).run(['orders']);
  await collector.untilCount(values.length);
  expect(collector.values).toEqual(values);
});

test('only the acknowledgement of durable messages makes them visible to the admin', async () => {
  const producer = await fixture.connect(fixture.kafka().producer());
  const admin = await fixture.connect(fixture.kafka().admin());
  await producer.send({ topic: 'orders', acks: 1, messages: [{ partition: 1, value: 'one' }] });
  expect(await admin.fetchTopicOffsets('orders')).toContainEqual({
    partition: 1,
    offset: '1',
    high: '1',
    low: '0',
  });
});

test('acks 0 gets no answer, and the message is there', async () => {
  const producer = await fixture.connect(fixture.kafka().producer());
  await producer.send({ topic: 'orders', acks: 0, messages: [{ partition: 0, value: 'unacknowledged' }] });
  await producer.send({ topic: 'orders', acks: -1, messages: [{ partition: 0, value: 'acknowledged' }] });
  const collector = await new Collector(await consume('readers')).run(['orders']);
  await collector.untilCount(2);
  expect(collector.values).toEqual(['unacknowledged', 'acknowledged']);
});

test('a message beyond max.message.bytes is refused and nothing of it is stored', async () => {
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({
    topics: [
      {
        topic: 'small',
        numPartitions: 1,
        configEntries: [{ name: 'max.message.bytes', value: '1000' }],
      },
    ],
  });
  const producer = await fixture.connect(fixture.kafka({ retry: { retries: 0 } }).producer());
  await expect(
    producer.send({ topic: 'small', messages: [{ value: 'x'.repeat(2000) }] }),
  ).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' });
  expect(await admin.fetchTopicOffsets('small')).toEqual([expect.objectContaining({ high: '0' })]);
});

test('a consumer whose offset is gone goes on where the log begins', async () => {
  const producer = await fixture.connect(fixture.kafka().producer());
  const admin = await fixture.connect(fixture.kafka().admin());
  for (const value of ['a', 'b', 'c']) {
    await producer.send({ topic: 'orders', messages: [{ partition: 0, value }] });
  }
  await admin.setOffsets({ groupId: 'slow', topic: 'orders', partitions: [{ partition: 0, offset: '0' }] });
  await admin.deleteTopicRecords({ topic: 'orders', partitions: [{ partition: 0, offset: '2' }] });
  const collector = await new Collector(await consume('slow')).run(['orders']);
  await collector.untilCount(1);
  expect(collector.values).toEqual(['c']);
});

test('transactions are refused at once', async () => {
  const producer = fixture
    .kafka()
    .producer({ transactionalId: 'tx', maxInFlightRequests: 1, idempotent: true });
  await fixture.connect(producer);
  await expect(producer.transaction()).rejects.toThrow(/authorization failed/i);
});

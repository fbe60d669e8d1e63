import {
  Admin,
  Consumer,
  Producer,
  ProduceAcks,
  stringDeserializers,
  stringSerializers,
  type CompressionAlgorithmValue,
  type Message,
} from '@platformatic/kafka';
import { brokerUnderTest } from './broker-under-test.js';
import { eventually } from './wire.js';

type Text = Message<string, string, string, string>;

const broker = brokerUnderTest();

function connection() {
  return { clientId: 'conformance', bootstrapBrokers: [broker.current.address], retryDelay: 50 };
}

function newProducer(options: { idempotent?: boolean; compression?: CompressionAlgorithmValue } = {}) {
  const producer = new Producer({ ...connection(), serializers: stringSerializers, ...options });
  broker.current.onEnd(() => producer.close());
  return producer;
}

function newConsumer(groupId: string) {
  const consumer = new Consumer({
    ...connection(),
    groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    sessionTimeout: 10_000,
    heartbeatInterval: 200,
  });
  broker.current.onEnd(() => close(consumer));
  return consumer;
}

/** Ends its streams too; the package's types have a promise only for a call without an argument. */
const close = (consumer: ReturnType<typeof newConsumer>) => consumer.close(true) as unknown as Promise<void>;

/** Reads a topic as a member of a group, from the beginning where the group has not read yet. */
async function read(consumer: ReturnType<typeof newConsumer>, topic: string): Promise<Text[]> {
  const messages: Text[] = [];
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: true,
  });
  stream.on('data', (message) => messages.push(message));
  return messages;
}

const values = (messages: Text[]) => messages.map(({ value }) => value);

test('@platformatic/kafka creates, describes and deletes a topic', async () => {
  const admin = new Admin(connection());
  broker.current.onEnd(() => admin.close());
  const topic = broker.current.name('topic');
  const [created] = await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
  expect(created).toMatchObject({ name: topic, partitions: 2, replicas: 1 });
  await broker.current.untilServed(topic, 2);
  const { topics } = await admin.metadata({ topics: [topic] });
  expect(topics.get(topic)!.partitions).toHaveLength(2);
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => !(await admin.listTopics()).includes(topic));
});

test.each([
  ['no compression', 'none'],
  ['gzip', 'gzip'],
  ['snappy', 'snappy'],
  ['lz4', 'lz4'],
] as const)('@platformatic/kafka produces with %s, and consumes', async (_name, compression) => {
  const topic = await broker.current.topic(2);
  const sent = await newProducer({ compression }).send({
    acks: ProduceAcks.ALL,
    messages: [
      { topic, partition: 0, key: 'a', value: 'first', headers: { type: 'created' } },
      { topic, partition: 0, key: 'b', value: 'second' },
      { topic, partition: 1, key: 'c', value: 'third' },
    ],
  });
  expect(sent.offsets).toContainEqual({ topic, partition: 0, offset: 0n });
  const messages = await read(newConsumer(broker.current.name('readers')), topic);
  await eventually(() => messages.length >= 3);
  const first = messages.filter(({ partition }) => partition === 0);
  expect(first.map(({ key, value, offset }) => [key, value, offset])).toEqual([
    ['a', 'first', 0n],
    ['b', 'second', 1n],
  ]);
  expect([...first[0]!.headers]).toEqual([['type', 'created']]);
});

test('@platformatic/kafka produces idempotently, in order', async () => {
  const topic = await broker.current.topic();
  const producer = newProducer({ idempotent: true });
  const sent = Array.from({ length: 20 }, (_, index) => String(index));
  for (const value of sent) {
    await producer.send({ acks: ProduceAcks.ALL, messages: [{ topic, partition: 0, value }] });
  }
  const messages = await read(newConsumer(broker.current.name('readers')), topic);
  await eventually(() => messages.length >= sent.length);
  expect(values(messages)).toEqual(sent);
});

test('@platformatic/kafka produces without acknowledgement', async () => {
  const topic = await broker.current.topic();
  const producer = newProducer();
  await producer.send({
    acks: ProduceAcks.NO_RESPONSE,
    messages: [{ topic, partition: 0, value: 'unacknowledged' }],
  });
  const messages = await read(newConsumer(broker.current.name('readers')), topic);
  await eventually(() => messages.length === 1);
  expect(values(messages)).toEqual(['unacknowledged']);
});

test('@platformatic/kafka goes on where its group is', async () => {
  const topic = await broker.current.topic();
  const groupId = broker.current.name('group');
  const producer = newProducer();
  const send = (value: string) =>
    producer.send({ acks: ProduceAcks.ALL, messages: [{ topic, partition: 0, value }] });
  await send('before');
  const first = newConsumer(groupId);
  const before = await read(first, topic);
  await eventually(() => before.length === 1);
  const admin = await broker.current.admin();
  await eventually(async () => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return found!.partitions[0]!.offset === '1';
  });
  await close(first);
  await send('after');
  const after = await read(newConsumer(groupId), topic);
  await eventually(() => after.length === 1);
  expect(values(after)).toEqual(['after']);
});

test('members of @platformatic/kafka share the partitions, and take over those of one that leaves', async () => {
  const topic = await broker.current.topic(4);
  const groupId = broker.current.name('group');
  const admin = await broker.current.admin();
  const untilStableWith = (count: number) =>
    eventually(async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return groups[0]!.state === 'Stable' && groups[0]!.members.length === count;
    });
  const producer = newProducer();
  const sendToAll = (value: string) =>
    producer.send({
      acks: ProduceAcks.ALL,
      messages: [0, 1, 2, 3].map((partition) => ({ topic, partition, value })),
    });
  const consumers = [newConsumer(groupId), newConsumer(groupId)];
  const received: Text[][] = [];
  for (const consumer of consumers) received.push(await read(consumer, topic));
  await untilStableWith(2);
  // A client may still get what it had asked for before the last rebalance.
  let round = 0;
  await eventually(async () => {
    const value = `shared ${++round}`;
    await sendToAll(value);
    const counts = () => received.map((messages) => values(messages).filter((got) => got === value).length);
    await eventually(() => counts().reduce((sum, count) => sum + count) >= 4);
    return counts().every((count) => count === 2);
  });

  await close(consumers[0]!);
  await untilStableWith(1);
  await sendToAll('taken over');
  // More than once is right, too: brokers answer what a client asked for before the rebalance, and it may ask again after.
  const takenOver = () => received[1]!.filter(({ value }) => value === 'taken over');
  await eventually(() => new Set(takenOver().map(({ partition }) => partition)).size === 4);
});

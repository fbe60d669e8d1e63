import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import { brokerUnderTest } from './broker-under-test.js';
import { Collector, offsetAt } from './wire.js';

const broker = brokerUnderTest();

async function transaction(): Promise<void> {
  const topic = await broker.current.topic();
  const producer = await broker.current.connect(
    broker.current.kafka({ retry: { retries: 5 } }).producer({
      transactionalId: broker.current.name('transaction'),
      maxInFlightRequests: 1,
      idempotent: true,
    }),
  );
  const aborted = await producer.transaction();
  await aborted.send({ topic, messages: [{ value: 'aborted' }] });
  await aborted.abort();
  const committed = await producer.transaction();
  await committed.send({ topic, messages: [{ value: 'committed' }] });
  await committed.commit();
  const consumer = broker.current
    .kafka()
    .consumer({ groupId: broker.current.name('readers'), readUncommitted: false, maxWaitTimeInMs: 500 });
  const collector = await new Collector(await broker.current.connect(consumer)).run([topic]);
  await collector.untilCount(1);
  expect(collector.values).toEqual(['committed']);
}

async function topicWith(setting: string, value: string): Promise<void> {
  const topic = await broker.current.topic(1, { [setting]: value });
  expect(await (await broker.current.admin()).listTopics()).toContain(topic);
}

async function timeWithinBatch(compression: 'snappy' | 'lz4'): Promise<void> {
  const topic = await broker.current.topic();
  const producer = new Producer({
    clientId: 'conformance',
    bootstrapBrokers: [broker.current.address],
    serializers: stringSerializers,
  });
  broker.current.onEnd(() => producer.close());
  const start = Date.now() - 10_000;
  const messages = [0, 1000, 2000].map((time) => ({
    topic,
    partition: 0,
    value: 'x',
    timestamp: BigInt(start + time),
  }));
  await producer.send({ acks: ProduceAcks.ALL, compression, messages });
  expect(await offsetAt(await broker.current.raw(), topic, start + 500)).toMatchObject({ offset: 1 });
}

/** What Apache Kafka does and the stand-in is known not to do. */
const behaviours: Record<string, () => Promise<void>> = {
  'what a transaction sends is read when it is committed, not when it is aborted': transaction,
  'a topic may be compacted': () => topicWith('cleanup.policy', 'compact'),
  'a topic may be compressed by the broker': () => topicWith('compression.type', 'gzip'),
  'records may be stamped by the broker': () => topicWith('message.timestamp.type', 'LogAppendTime'),
  'offsets are found by time within batches compressed with snappy': () => timeWithinBatch('snappy'),
  'offsets are found by time within batches compressed with lz4': () => timeWithinBatch('lz4'),
};

// The stand-in has to fail them, so that one that it has learned moves to the others.
for (const [behaviour, check] of Object.entries(behaviours)) {
  if (process.env.CONFORMANCE_KAFKA === undefined) test.failing(`the stand-in lacks: ${behaviour}`, check);
  else test(behaviour, check);
}

import { ErrorCode } from '../src/protocol/errors.js';
import { initProducerIdApi } from '../src/protocol/messages/init-producer-id.js';
import { listOffsetsApi } from '../src/protocol/messages/list-offsets.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { Collector } from '../test-support/collector.js';
import { eventually } from '../test-support/eventually.js';
import { RawClient } from '../test-support/raw-client.js';
import { encodeBatch, type BatchOptions } from '../test-support/record-batches.js';

let fixture: BrokerFixture;
let client: RawClient;

async function start(options: Parameters<typeof BrokerFixture.start>[0] = {}): Promise<void> {
  fixture = await BrokerFixture.start(options);
  client = await RawClient.connect(fixture.broker.port);
}

async function restart(): Promise<void> {
  await fixture.restart();
  client = await RawClient.connect(fixture.broker.port);
}

afterEach(async () => {
  client.close();
  await fixture.stop();
});

async function createTopic(numPartitions = 1): Promise<void> {
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions }] });
}

async function produce(batch: BatchOptions) {
  const { topics } = await client.send(produceApi, 7, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name: 'orders', partitions: [{ index: 0, records: [encodeBatch(['value'], batch)] }] }],
  });
  const { errorCode, baseOffset } = topics[0]!.partitions[0]!;
  return { errorCode, baseOffset };
}

async function newProducerId(): Promise<number> {
  const request = { transactionalId: null, transactionTimeoutMs: 0 };
  const { producerId } = await client.send(initProducerIdApi, 4, request);
  return producerId;
}

test('a consumer that starts late reads from the files what is no longer in memory', async () => {
  await start({ recentBytes: 0, topicDefaults: { 'segment.bytes': '20000' } });
  const producer = await fixture.connect(fixture.kafka().producer({ idempotent: true }));
  const values = Array.from({ length: 500 }, (_, index) => `${index} `.padEnd(200, 'x'));
  for (let from = 0; from < values.length; from += 20) {
    const messages = values.slice(from, from + 20).map((value) => ({ partition: 0, value }));
    await producer.send({ topic: 'orders', messages });
  }
  await restart();
  const consumer = fixture.kafka().consumer({ groupId: 'late', maxWaitTimeInMs: 200 });
  const collector = await new Collector(await fixture.connect(consumer)).run(['orders']);
  await collector.untilCount(values.length);
  expect(collector.values).toEqual(values);
});

test('members keep their place and their offsets', async () => {
  const partitions = 6;
  await start();
  await createTopic(partitions);
  const admin = await fixture.connect(fixture.kafka().admin());
  const producer = await fixture.connect(fixture.kafka().producer({ idempotent: true }));
  const describe = async () => (await admin.describeGroups(['group'])).groups[0]!;
  const sendToAll = (value: string) => {
    const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value }));
    return producer.send({ topic: 'orders', messages });
  };
  const consumer = fixture
    .kafka()
    .consumer({ groupId: 'group', heartbeatInterval: 200, maxWaitTimeInMs: 100 });
  const collector = await new Collector(await fixture.connect(consumer)).run(['orders']);
  await eventually(async () => (await describe()).state === 'Stable');
  await sendToAll('before');
  await collector.untilCount(partitions);
  const before = await describe();

  await restart();
  await sendToAll('after');
  await collector.untilCount(2 * partitions);
  const after = await describe();
  expect(after.members.map(({ memberId }) => memberId)).toEqual(
    before.members.map(({ memberId }) => memberId),
  );
  expect(collector.values).toEqual([
    ...Array<string>(partitions).fill('before'),
    ...Array<string>(partitions).fill('after'),
  ]);
});

test('a repeated batch is recognised', async () => {
  await start();
  await createTopic();
  const producerId = await newProducerId();
  const send = (baseSequence: number) => produce({ producerId, baseSequence });
  for (let sequence = 0; sequence < 8; sequence++) await send(sequence);
  await restart();
  for (let sequence = 3; sequence < 8; sequence++) {
    expect(await send(sequence)).toEqual({ errorCode: ErrorCode.NONE, baseOffset: sequence });
  }
  expect(await send(9)).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
  expect(await send(8)).toEqual({ errorCode: ErrorCode.NONE, baseOffset: 8 });
});

test('a producer id is never given out twice', async () => {
  await start();
  const ids = [await newProducerId(), await newProducerId()];
  await restart();
  ids.push(...(await Promise.all([newProducerId(), newProducerId()])));
  expect(new Set(ids).size).toBe(4);
});

test('the youngest record is found', async () => {
  await start();
  await createTopic();
  for (const timestamp of [5, 9, 7]) await produce({ timestamp });
  await restart();
  const { topics } = await client.send(listOffsetsApi, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'orders', partitions: [{ index: 0, timestamp: -3 }] }],
  });
  expect(topics[0]!.partitions[0]).toMatchObject({ offset: 1, timestamp: 9 });
});

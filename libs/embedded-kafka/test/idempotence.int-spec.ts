import { ErrorCode } from '../src/protocol/errors.js';
import { initProducerIdApi } from '../src/protocol/messages/init-producer-id.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';
import { encodeBatch } from '../test-support/record-batches.js';

let fixture: BrokerFixture;
let client: RawClient;
let producerId: number;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  client = await RawClient.connect(fixture.broker.port);
  producerId = await newProducerId();
});

afterEach(() => fixture.stop());

async function newProducerId(): Promise<number> {
  const request = { transactionalId: null, transactionTimeoutMs: 0 };
  const response = await client.send(initProducerIdApi, 4, request);
  expect(response).toMatchObject({ errorCode: ErrorCode.NONE, producerEpoch: 0 });
  return response.producerId;
}

async function produce(baseSequence: number, records = 1) {
  const batch = encodeBatch(Array<string>(records).fill('value'), { producerId, baseSequence });
  const { topics } = await client.send(produceApi, 7, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name: 'orders', partitions: [{ index: 0, records: [batch] }] }],
  });
  const { errorCode, baseOffset } = topics[0]!.partitions[0]!;
  return { errorCode, baseOffset };
}

const appendedAt = (baseOffset: number) => ({ errorCode: ErrorCode.NONE, baseOffset });

test('a batch that is sent again gets the offset that it has', async () => {
  expect(await produce(0, 3)).toEqual(appendedAt(0));
  expect(await produce(3)).toEqual(appendedAt(3));
  expect(await produce(0, 3)).toEqual(appendedAt(0));
  expect(await produce(4)).toEqual(appendedAt(4));
});

test('five requests in flight arrive in order; a missing one makes the next out of order', async () => {
  const answers = await Promise.all([0, 1, 2, 3, 4].map((sequence) => produce(sequence)));
  expect(answers).toEqual([0, 1, 2, 3, 4].map(appendedAt));
  expect(await produce(6)).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
});

test('a repeated batch is recognised after the broker was restarted', async () => {
  for (let sequence = 0; sequence < 8; sequence++) await produce(sequence);
  await fixture.restart();
  client = await RawClient.connect(fixture.broker.port);
  for (let sequence = 3; sequence < 8; sequence++) {
    expect(await produce(sequence)).toEqual(appendedAt(sequence));
  }
  expect(await produce(9)).toMatchObject({ errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER });
  expect(await produce(8)).toEqual(appendedAt(8));
});

test('a producer id is never given out twice, also not after a restart', async () => {
  const ids = [producerId, await newProducerId()];
  await fixture.restart();
  client = await RawClient.connect(fixture.broker.port);
  ids.push(...(await Promise.all([newProducerId(), newProducerId()])));
  expect(new Set(ids).size).toBe(4);
});

import { initProducerIdApi } from '../../../libs/embedded-kafka/src/protocol/messages/init-producer-id.js';
import { brokerUnderTest } from './broker-under-test.js';
import { encodeBatch, ErrorCode, produce, type RawClient } from './wire.js';

const broker = brokerUnderTest();
let client: RawClient;
let topic: string;
let producerId: number;

beforeEach(async () => {
  client = await broker.current.raw();
  topic = await broker.current.topic(2);
  producerId = await newProducerId();
});

async function newProducerId(): Promise<number> {
  const request = { transactionalId: null, transactionTimeoutMs: 0 };
  const response = await client.send(initProducerIdApi, 4, request);
  expect(response).toMatchObject({ errorCode: ErrorCode.NONE, producerEpoch: 0 });
  return response.producerId;
}

async function send(baseSequence: number, { records = 1, producerEpoch = 0, partition = 0 } = {}) {
  const values = Array<string>(records).fill('value');
  const batch = encodeBatch(values, { producerId, producerEpoch, baseSequence });
  const { errorCode, baseOffset } = await produce(client, topic, batch, { partition });
  return { errorCode, baseOffset };
}

const appendedAt = (baseOffset: number) => ({ errorCode: ErrorCode.NONE, baseOffset });
const outOfOrder = { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, baseOffset: -1 };

test('a batch that is sent again gets the offset that it has', async () => {
  expect(await send(0, { records: 3 })).toEqual(appendedAt(0));
  expect(await send(3)).toEqual(appendedAt(3));
  expect(await send(0, { records: 3 })).toEqual(appendedAt(0));
  expect(await send(4)).toEqual(appendedAt(4));
});

test('five requests in flight arrive in order', async () => {
  const answers = await Promise.all([0, 1, 2, 3, 4].map((sequence) => send(sequence)));
  expect(answers).toEqual([0, 1, 2, 3, 4].map(appendedAt));
});

test('the last five batches are recognised, each with its offset', async () => {
  for (let sequence = 0; sequence < 8; sequence++) await send(sequence);
  for (let sequence = 3; sequence < 8; sequence++) {
    expect(await send(sequence)).toEqual(appendedAt(sequence));
  }
});

test('a batch after a missing one is out of order, until the missing one has come', async () => {
  expect(await send(0)).toEqual(appendedAt(0));
  expect(await send(2)).toEqual(outOfOrder);
  expect(await send(1)).toEqual(appendedAt(1));
  expect(await send(2)).toEqual(appendedAt(2));
});

test('a batch with the sequence of an earlier one and other records is out of order', async () => {
  expect(await send(0, { records: 3 })).toEqual(appendedAt(0));
  expect(await send(0, { records: 2 })).toEqual(outOfOrder);
});

test('sequences are counted for every partition by itself', async () => {
  expect(await send(0)).toEqual(appendedAt(0));
  expect(await send(0, { partition: 1 })).toEqual(appendedAt(0));
  expect(await send(1, { partition: 1 })).toEqual(appendedAt(1));
});

test('a new epoch begins at sequence 0, and fences the one before', async () => {
  expect(await send(0)).toEqual(appendedAt(0));
  expect(await send(5, { producerEpoch: 1 })).toEqual(outOfOrder);
  expect(await send(0, { producerEpoch: 1 })).toEqual(appendedAt(1));
  expect(await send(1)).toMatchObject({ errorCode: ErrorCode.INVALID_PRODUCER_EPOCH });
});

test('sequences start again after the largest', async () => {
  const largest = 2 ** 31 - 1;
  expect(await send(largest - 1, { records: 2 })).toEqual(appendedAt(0));
  expect(await send(0)).toEqual(appendedAt(2));
});

test('a producer id is never given out twice', async () => {
  const ids = [producerId, await newProducerId(), ...(await Promise.all([newProducerId(), newProducerId()]))];
  expect(new Set(ids).size).toBe(4);
});

import type { Admin } from 'kafkajs';
import { ErrorCode } from '../src/protocol/errors.js';
import { initProducerIdApi } from '../src/protocol/messages/init-producer-id.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';

// What Apache Kafka can do and this broker refuses, so that nobody takes it for done.
let fixture: BrokerFixture;
let admin: Admin;

beforeEach(async () => {
  fixture = await BrokerFixture.start();
  admin = await fixture.connect(fixture.kafka({ retry: { retries: 0 } }).admin());
});

afterEach(() => fixture.stop());

test('transactions are refused at once', async () => {
  const producer = fixture
    .kafka()
    .producer({ transactionalId: 'tx', maxInFlightRequests: 1, idempotent: true });
  await fixture.connect(producer);
  await expect(producer.transaction()).rejects.toThrow(/authorization failed/i);
});

test('transactions are refused with the code that no client tries again', async () => {
  const client = await RawClient.connect(fixture.broker.port);
  const request = { transactionalId: 'tx', transactionTimeoutMs: 1000 };
  const { errorCode } = await client.send(initProducerIdApi, 4, request);
  expect(errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  client.close();
});

test.each([
  ['cleanup.policy', 'compact'],
  ['compression.type', 'gzip'],
  ['message.timestamp.type', 'LogAppendTime'],
  ['min.insync.replicas', '2'],
  ['remote.storage.enable', 'true'],
])('a topic with %s=%s is refused', async (name, value) => {
  const topic = { topic: 'orders', configEntries: [{ name, value }] };
  await expect(admin.createTopics({ topics: [topic] })).rejects.toMatchObject({
    errors: [expect.objectContaining({ type: 'INVALID_CONFIG' })],
  });
  expect(await admin.listTopics()).toEqual([]);
});

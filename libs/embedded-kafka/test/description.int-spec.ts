import type { Admin } from 'kafkajs';
import { describeLogDirsApi } from '../src/protocol/messages/describe-log-dirs.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';

let fixture: BrokerFixture;
let admin: Admin;

beforeEach(async () => {
  fixture = await BrokerFixture.start({ partitions: 4 });
  admin = await fixture.connect(fixture.kafka().admin());
});

afterEach(() => fixture.stop());

test('the cluster is described with the address that the client came through', async () => {
  expect(await admin.describeCluster()).toEqual({
    brokers: [{ nodeId: 1, host: '127.0.0.1', port: fixture.broker.port }],
    controller: 1,
    clusterId: expect.stringMatching(/^[\w-]{22}$/),
  });
});

test('a topic that is used before it is created gets the number of partitions of the options', async () => {
  const producer = await fixture.connect(fixture.kafka().producer());
  await producer.send({ topic: 'automatic', messages: [{ value: 'hello' }] });
  const { topics } = await admin.fetchTopicMetadata({ topics: ['automatic'] });
  expect(topics[0]!.partitions).toHaveLength(4);
  expect(fixture.broker.topics).toEqual(['automatic']);
});

test('the folder of the log is the data folder', async () => {
  const client = await RawClient.connect(fixture.broker.port);
  const { folders } = await client.send(describeLogDirsApi, 4, { topics: null });
  expect(folders.map(({ path }) => path)).toEqual([fixture.broker.dataDir]);
  client.close();
});

import { once } from 'node:events';
import { connect } from 'node:net';
import { ErrorCode } from '../src/protocol/errors.js';
import { apiVersionsApi } from '../src/protocol/messages/api-versions.js';
import { fetchApi } from '../src/protocol/messages/fetch.js';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';

let fixture: BrokerFixture;
let client: RawClient;
const log: string[] = [];

beforeAll(async () => {
  fixture = await BrokerFixture.start({ maxRequestBytes: 100_000, log: (line) => log.push(line) });
});

afterAll(() => fixture.stop());

beforeEach(async () => {
  log.length = 0;
  client = await RawClient.connect(fixture.broker.port);
});

afterEach(() => client.close());

async function isAlive(): Promise<boolean> {
  const other = await RawClient.connect(fixture.broker.port);
  const { errorCode } = await other.send(apiVersionsApi, 3, {
    clientSoftwareName: 'spec',
    clientSoftwareVersion: '1',
  });
  other.close();
  return errorCode === ErrorCode.NONE;
}

test.each([
  ['an unknown request', 999, 0],
  ['a version that is too old', produceApi.key, 2],
  ['a version that is too new', fetchApi.key, 99],
])('%s is a line in the log', async (_case, key, version) => {
  await expect(client.sendRaw(key, version)).rejects.toThrow(/closed/);
  expect(log).toEqual([expect.stringContaining(`request ${key} in version ${version} is not supported`)]);
});

test.each([
  ['a body that is too short', metadataApi.key, 4, Buffer.from('00000001', 'hex')],
  ['a body that is too long', metadataApi.key, 1, Buffer.from('00000000ff', 'hex')],
  ['an array with a false length', metadataApi.key, 1, Buffer.from('7fffffff', 'hex')],
])('%s closes the connection, with a line in the log', async (_case, key, version, body) => {
  await expect(client.sendRaw(key, version, body)).rejects.toThrow(/closed/);
  expect(log).toEqual([expect.stringContaining('MalformedMessageError')]);
  expect(await isAlive()).toBe(true);
});

test('a frame beyond the limit of the options closes the connection', async () => {
  const socket = connect(fixture.broker.port, '127.0.0.1');
  socket.write(Buffer.from('000186a1', 'hex'));
  socket.resume();
  await once(socket, 'close');
  expect(await isAlive()).toBe(true);
});

test('a partition without records is refused', async () => {
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
  const { topics } = await client.send(produceApi, 8, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name: 'orders', partitions: [{ index: 0, records: null }] }],
  });
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
});

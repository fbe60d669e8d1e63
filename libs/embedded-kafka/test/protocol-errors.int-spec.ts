import { once } from 'node:events';
import { connect } from 'node:net';
import { ErrorCode } from '../src/protocol/errors.js';
import { apiVersionsApi } from '../src/protocol/messages/api-versions.js';
import { fetchApi } from '../src/protocol/messages/fetch.js';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { Reader } from '../src/protocol/reader.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { RawClient } from '../test-support/raw-client.js';
import { encodeBatch } from '../test-support/record-batches.js';

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

test('ApiVersions of an unknown version is answered in version 0, with the versions there are', async () => {
  const reader = new Reader(await client.sendRaw(apiVersionsApi.key, 99));
  reader.int32();
  expect(apiVersionsApi.readResponse(0, reader)).toMatchObject({
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apis: [{ key: 18, minVersion: 0, maxVersion: 4 }],
  });
  const again = await client.send(apiVersionsApi, 4, { clientSoftwareName: '', clientSoftwareVersion: '' });
  expect(again.errorCode).toBe(ErrorCode.NONE);
});

test.each([
  ['an unknown request', 999, 0],
  ['a version that is too old', produceApi.key, 2],
  ['a version that is too new', fetchApi.key, 99],
  ['a negative version', fetchApi.key, -1],
])('%s closes the connection, with a line in the log', async (_case, key, version) => {
  await expect(client.sendRaw(key, version)).rejects.toThrow(/closed/);
  expect(log).toEqual([expect.stringContaining(`request ${key} in version ${version} is not supported`)]);
  expect(await isAlive()).toBe(true);
});

test.each([
  ['a body that is too short', metadataApi.key, 4, Buffer.from('00000001', 'hex')],
  ['a body that is too long', metadataApi.key, 1, Buffer.from('00000000ff', 'hex')],
  ['an array with a false length', metadataApi.key, 1, Buffer.from('7fffffff', 'hex')],
])('%s closes the connection', async (_case, key, version, body) => {
  await expect(client.sendRaw(key, version, body)).rejects.toThrow(/closed/);
  expect(log).toEqual([expect.stringContaining('MalformedMessageError')]);
  expect(await isAlive()).toBe(true);
});

test.each([
  ['a frame beyond the limit', Buffer.from('000186a1', 'hex')],
  ['a negative frame length', Buffer.from('ffffffff', 'hex')],
  ['an empty frame', Buffer.alloc(4)],
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('%s closes the connection', async (_case, bytes) => {
  const socket = connect(fixture.broker.port, '127.0.0.1');
  socket.write(bytes);
  socket.resume();
  await once(socket, 'close');
  expect(await isAlive()).toBe(true);
});

test('a frame that never ends and a client that goes away in the middle hurt nobody', async () => {
  const half = connect(fixture.broker.port, '127.0.0.1');
  half.write(Buffer.from('0000ffff0003', 'hex'));
  await once(half, 'connect');
  expect(await isAlive()).toBe(true);
  half.destroy();
  expect(await isAlive()).toBe(true);
});

test('parts of a request that are wrong are refused apart from the others', async () => {
  await client.send(metadataApi, 8, {
    topics: [{ topicId: '', name: 'orders' }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const corrupt = encodeBatch(['b']);
  corrupt[corrupt.length - 1]! ^= 1;
  const { topics } = await client.send(produceApi, 8, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [
      {
        name: 'orders',
        partitions: [
          { index: 0, records: [encodeBatch(['a'])] },
          { index: 1, records: [corrupt] },
          { index: 2, records: null },
          { index: 3, records: [encodeBatch(['c'])] },
        ],
      },
      { name: 'unknown', partitions: [{ index: 0, records: [encodeBatch(['d'])] }] },
    ],
  });
  const codes = topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  expect(codes).toEqual([
    [
      ErrorCode.NONE,
      ErrorCode.CORRUPT_MESSAGE,
      ErrorCode.INVALID_RECORD,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ],
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  ]);
});

test('an unknown number of acknowledgements is refused', async () => {
  const { topics } = await client.send(produceApi, 8, {
    transactionalId: null,
    acks: 2,
    timeoutMs: 1000,
    topics: [{ name: 'orders', partitions: [{ index: 0, records: [encodeBatch(['a'])] }] }],
  });
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS);
});

function fetch(partition: number, fetchOffset: number, maxWaitMs: number, name = 'orders') {
  return client.send(fetchApi, 11, {
    maxWaitMs,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    topics: [{ name, topicId: '', partitions: [{ index: partition, fetchOffset, maxBytes: 1_000_000 }] }],
    forgottenTopics: [],
    rackId: '',
  });
}

test('a fetch with something wrong is answered at once, however long it would wait', async () => {
  const errorCode = async (...request: Parameters<typeof fetch>) =>
    (await fetch(...request)).topics[0]!.partitions[0]!.errorCode;
  expect(await errorCode(0, 99, 600_000)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  expect(await errorCode(0, -1, 600_000)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  expect(await errorCode(9, 0, 600_000)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  expect(await errorCode(0, 0, 600_000, 'unknown')).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

test('a fetch that waits ends when the topic is deleted', async () => {
  const admin = await fixture.connect(fixture.kafka().admin());
  await admin.createTopics({ topics: [{ topic: 'doomed', numPartitions: 1 }] });
  const waiting = fetch(0, 0, 600_000, 'doomed');
  await isAlive();
  await admin.deleteTopics({ topics: ['doomed'] });
  const { topics } = await waiting;
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

test('requests on one connection are answered in order, also behind one that waits', async () => {
  const order: string[] = [];
  const waiting = fetch(1, 0, 200).then(() => order.push('fetch'));
  const behind = client
    .send(apiVersionsApi, 0, { clientSoftwareName: '', clientSoftwareVersion: '' })
    .then(() => order.push('api versions'));
  await Promise.all([waiting, behind]);
  expect(order).toEqual(['fetch', 'api versions']);
});

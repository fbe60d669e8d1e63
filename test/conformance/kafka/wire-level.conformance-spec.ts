import { once } from 'node:events';
import { connect } from 'node:net';
import { apiVersionsApi } from '../../../libs/embedded-kafka/src/protocol/messages/api-versions.js';
import { describeClusterApi } from '../../../libs/embedded-kafka/src/protocol/messages/describe-cluster.js';
import { fetchApi } from '../../../libs/embedded-kafka/src/protocol/messages/fetch.js';
import { findCoordinatorApi } from '../../../libs/embedded-kafka/src/protocol/messages/find-coordinator.js';
import { metadataApi } from '../../../libs/embedded-kafka/src/protocol/messages/metadata.js';
import { produceApi } from '../../../libs/embedded-kafka/src/protocol/messages/produce.js';
import { Reader } from '../../../libs/embedded-kafka/src/protocol/reader.js';
import { requestSamples } from '../../../libs/embedded-kafka/test-support/request-samples.js';
import { brokerUnderTest } from './broker-under-test.js';
import { ErrorCode, eventually, type RawClient } from './wire.js';

const software = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1' };
const broker = brokerUnderTest();
let client: RawClient;

beforeEach(async () => {
  client = await broker.current.raw();
});

async function isAlive(): Promise<boolean> {
  const { errorCode } = await (await broker.current.raw()).send(apiVersionsApi, 3, software);
  return errorCode === ErrorCode.NONE;
}

test.each(requestSamples.map(({ api }) => [api.name, api.announcedMinVersion, api.maxVersion, api.key]))(
  '%s is announced from version %i to at least %i',
  async (_name, minVersion, maxVersion, key) => {
    const { apis } = await client.send(apiVersionsApi, 3, software);
    const announced = apis.find((api) => api.key === key);
    expect(announced).toMatchObject({ minVersion });
    expect(announced!.maxVersion).toBeGreaterThanOrEqual(maxVersion);
  },
);

const everyVersion = requestSamples.flatMap(({ api, request }) =>
  Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, index) => ({
    name: api.name,
    version: api.minVersion + index,
    api,
    request,
  })),
);

test.each(everyVersion)('$name $version gets an answer of its form', async ({ api, version, request }) => {
  await expect(client.send(api, version, request)).resolves.toBeDefined();
});

test('ApiVersions of an unknown version is answered in version 0, with the versions there are', async () => {
  // Of a future version is known that its header ends with tagged fields.
  const headerEndAndBody = Buffer.from('000000', 'hex');
  const reader = new Reader(await client.sendRaw(apiVersionsApi.key, 99, headerEndAndBody));
  reader.int32();
  const answer = apiVersionsApi.readResponse(0, reader);
  expect(answer.errorCode).toBe(ErrorCode.UNSUPPORTED_VERSION);
  const own = answer.apis.find(({ key }) => key === apiVersionsApi.key);
  expect(own).toMatchObject({ minVersion: 0, maxVersion: expect.any(Number) });
  const again = await client.send(apiVersionsApi, 3, software);
  expect(again.errorCode).toBe(ErrorCode.NONE);
});

test.each([
  ['without a name', '', '1'],
  ['with a name of no sense', 'no spaces please', '1'],
  ['without a version', 'conformance', ''],
])('client software %s is refused', async (_case, clientSoftwareName, clientSoftwareVersion) => {
  const { errorCode } = await client.send(apiVersionsApi, 3, { clientSoftwareName, clientSoftwareVersion });
  expect(errorCode).toBe(ErrorCode.INVALID_REQUEST);
});

test.each([
  ['an unknown request', 999, 0],
  ['a version that is too old', produceApi.key, 2],
  ['a version that is too new', fetchApi.key, 99],
  ['a negative version', fetchApi.key, -1],
])('%s closes the connection', async (_case, key, version) => {
  await expect(client.sendRaw(key, version)).rejects.toThrow(/closed/);
  expect(await isAlive()).toBe(true);
});

test.each([
  ['a body that is too short', metadataApi.key, 4, Buffer.from('00000001', 'hex')],
  ['an array with a false length', metadataApi.key, 1, Buffer.from('7fffffff', 'hex')],
])('%s closes the connection', async (_case, key, version, body) => {
  await expect(client.sendRaw(key, version, body)).rejects.toThrow(/closed/);
  expect(await isAlive()).toBe(true);
});

test.each([
  ['a frame beyond every limit', Buffer.from('7fffffff', 'hex')],
  ['a negative frame length', Buffer.from('ffffffff', 'hex')],
  ['an empty frame', Buffer.alloc(4)],
  ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
])('%s closes the connection', async (_case, bytes) => {
  const socket = connect(broker.current.port, broker.current.host);
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  socket.resume();
  await once(socket, 'close');
  expect(await isAlive()).toBe(true);
});

test('a frame that never ends and a client that goes away in the middle hurt nobody', async () => {
  const half = connect(broker.current.port, broker.current.host);
  half.write(Buffer.from('0000ffff0003', 'hex'));
  await once(half, 'connect');
  expect(await isAlive()).toBe(true);
  half.destroy();
  expect(await isAlive()).toBe(true);
});

test('a request that comes byte by byte is answered like any other', async () => {
  const { socket } = client;
  const frame = Buffer.from('0000000e001200000000000700047472696d', 'hex');
  const answered = once(socket, 'data') as Promise<[Buffer]>;
  for (const byte of frame) {
    await new Promise((written) => socket.write(Buffer.of(byte), written));
  }
  const [answer] = await answered;
  expect(answer.readInt32BE(4)).toBe(7);
  expect(answer.readInt16BE(8)).toBe(ErrorCode.NONE);
});

test('the cluster is described alike by Metadata and DescribeCluster', async () => {
  const metadata = await client.send(metadataApi, 12, {
    topics: [],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const cluster = await client.send(describeClusterApi, 0, { includeClusterAuthorizedOperations: false });
  expect(cluster).toMatchObject({
    errorCode: ErrorCode.NONE,
    clusterId: metadata.clusterId,
    brokers: metadata.brokers,
  });
  expect(metadata.topics).toEqual([]);
});

test('every group and every transaction has a coordinator; nothing else has', async () => {
  const find = async (keyType: number, ...keys: string[]) => {
    const { coordinators } = await client.send(findCoordinatorApi, 4, { key: '', keyType, keys });
    return coordinators.map(({ key, nodeId, port, errorCode }) => ({ key, nodeId, port, errorCode }));
  };
  const [group, transaction, unknown] = [0, 1, 99];
  const { brokers } = await (await broker.current.admin()).describeCluster();
  const [node] = brokers;
  const here = { nodeId: node!.nodeId, port: node!.port, errorCode: ErrorCode.NONE };
  for (const type of [group, transaction]) {
    // A broker that has just been set up begins with it when it is asked.
    await eventually(async () => (await find(type, 'a'))[0]!.errorCode === ErrorCode.NONE);
    expect(await find(type, 'a', 'b')).toEqual([
      { key: 'a', ...here },
      { key: 'b', ...here },
    ]);
  }
  expect(await find(unknown, 'a')).toMatchObject([{ nodeId: -1, errorCode: ErrorCode.INVALID_REQUEST }]);
});

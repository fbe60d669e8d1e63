import kafkajs, { type Admin } from 'kafkajs';
import { describeConfigsApi } from '../../../libs/embedded-kafka/src/protocol/messages/describe-configs.js';
import { incrementalAlterConfigsApi } from '../../../libs/embedded-kafka/src/protocol/messages/incremental-alter-configs.js';
import { brokerUnderTest } from './broker-under-test.js';
import { ErrorCode, eventually, type RawClient } from './wire.js';

const broker = brokerUnderTest();
const resourceType = { topic: 2, broker: 4 };
const source = { topic: 1, default: 5 };
let admin: Admin;
let client: RawClient;

beforeEach(async () => {
  admin = await broker.current.admin();
  client = await broker.current.raw();
});

async function describe(type: number, name: string, keys: string[] | null) {
  const { resources } = await client.send(describeConfigsApi, 4, {
    resources: [{ type, name, keys }],
    includeSynonyms: false,
    includeDocumentation: true,
  });
  return resources[0]!;
}

const setting = async (topic: string, name: string) =>
  (await describe(resourceType.topic, topic, [name])).configs[0]!;

test('settings are described with where they come from, and replaced as a whole', async () => {
  const topic = await broker.current.topic(1, { 'retention.ms': '60000' });
  const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic };
  expect(await setting(topic, 'retention.ms')).toMatchObject({ value: '60000', source: source.topic });
  expect(await setting(topic, 'retention.bytes')).toMatchObject({ value: '-1', source: source.default });
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'retention.bytes', value: '1000000' }] }],
  });
  await eventually(async () => (await setting(topic, 'retention.bytes')).value === '1000000');
  expect(await setting(topic, 'retention.bytes')).toMatchObject({ source: source.topic });
  expect(await setting(topic, 'retention.ms')).toMatchObject({ value: '604800000', source: source.default });
});

/** Changes one setting of a topic; answers with the error code. */
async function alter(topic: string, name: string, operation: number, value: string | null) {
  const { resources } = await client.send(incrementalAlterConfigsApi, 1, {
    resources: [{ type: resourceType.topic, name: topic, configs: [{ name, operation, value }] }],
    validateOnly: false,
  });
  return resources[0]!.errorCode;
}

const [set, remove, append] = [0, 1, 2];

test('settings are changed one by one', async () => {
  const topic = await broker.current.topic();
  expect(await alter(topic, 'retention.ms', set, '1000')).toBe(ErrorCode.NONE);
  expect(await alter(topic, 'retention.bytes', set, '2000')).toBe(ErrorCode.NONE);
  await eventually(async () => (await setting(topic, 'retention.bytes')).value === '2000');
  expect(await setting(topic, 'retention.ms')).toMatchObject({ value: '1000', source: source.topic });
  expect(await alter(topic, 'retention.ms', remove, null)).toBe(ErrorCode.NONE);
  await eventually(async () => (await setting(topic, 'retention.ms')).value === '604800000');
  expect(await setting(topic, 'retention.ms')).toMatchObject({ source: source.default });
  expect(await setting(topic, 'retention.bytes')).toMatchObject({ value: '2000', source: source.topic });
});

test('a setting of no sense is refused, and an unknown one', async () => {
  const topic = await broker.current.topic();
  expect(await alter(topic, 'retention.ms', set, 'long')).toBe(ErrorCode.INVALID_CONFIG);
  expect(await alter(topic, 'colour', set, 'red')).toBe(ErrorCode.INVALID_CONFIG);
  expect(await alter(topic, 'retention.ms', append, '1')).toBe(ErrorCode.INVALID_CONFIG);
  expect(await alter(broker.current.name('unknown'), 'retention.ms', set, '1')).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  );
});

test('a value is appended to a setting that is a list', async () => {
  const topic = await broker.current.topic();
  expect(await alter(topic, 'cleanup.policy', append, 'delete')).toBe(ErrorCode.NONE);
  expect(await setting(topic, 'cleanup.policy')).toMatchObject({ value: 'delete' });
});

test('a setting that is not set, or not known, can be removed', async () => {
  const topic = await broker.current.topic();
  expect(await alter(topic, 'retention.ms', remove, null)).toBe(ErrorCode.NONE);
  expect(await alter(topic, 'colour', remove, null)).toBe(ErrorCode.NONE);
});

test.each([
  ['cleanup.policy', 7, 'delete'],
  ['compression.type', 2, 'producer'],
  ['max.message.bytes', 3, '1048588'],
  ['message.timestamp.type', 2, 'CreateTime'],
  ['min.insync.replicas', 3, '1'],
  ['retention.bytes', 5, '-1'],
  ['retention.ms', 5, '604800000'],
  ['segment.bytes', 3, expect.stringMatching(/^\d+$/)],
  ['segment.ms', 5, '604800000'],
])('every topic has %s, of type %i, with its default and its documentation', async (name, type, value) => {
  const topic = await broker.current.topic();
  expect(await setting(topic, name)).toMatchObject({
    name,
    type,
    value,
    isSensitive: false,
    readOnly: false,
    documentation: expect.stringMatching(/\w+/),
  });
});

test('all settings are described to a client that names none, and no more than it names', async () => {
  const topic = await broker.current.topic();
  const all = (await describe(resourceType.topic, topic, null)).configs.map(({ name }) => name);
  expect(all).toEqual(expect.arrayContaining(['retention.ms', 'segment.bytes', 'cleanup.policy']));
  const two = await describe(resourceType.topic, topic, ['retention.ms', 'segment.ms', 'colour']);
  expect(two.configs.map(({ name }) => name).toSorted()).toEqual(['retention.ms', 'segment.ms']);
});

test('the settings of the broker are described', async () => {
  const { brokers } = await admin.describeCluster();
  const names = ['num.partitions', 'auto.create.topics.enable', 'log.dirs'];
  const { configs } = await describe(resourceType.broker, String(brokers[0]!.nodeId), names);
  expect(configs.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  expect(configs.find(({ name }) => name === 'auto.create.topics.enable')!.value).toMatch(/^(true|false)$/);
});

test('settings of an unknown topic, or of a broker that is not there, are refused', async () => {
  expect(await describe(resourceType.topic, broker.current.name('unknown'), null)).toMatchObject({
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    configs: [],
  });
  expect(await describe(resourceType.broker, '99', null)).toMatchObject({
    errorCode: ErrorCode.INVALID_REQUEST,
  });
});

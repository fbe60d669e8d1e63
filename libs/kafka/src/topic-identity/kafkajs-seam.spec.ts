import { createRequire } from 'node:module';
import { installTopicIdentity } from './kafkajs-seam.js';

interface Payload {
  readonly buffer: Buffer;
}
interface Exchange {
  readonly request: { readonly apiVersion: number; encode(): Promise<Payload> };
  readonly response: { decode(bytes: Buffer): Promise<Answer>; parse(answer: Answer): Promise<Answer> };
}
interface Answer {
  readonly topicMetadata: readonly {
    readonly topicId?: string;
    readonly partitionMetadata: readonly object[];
  }[];
}

const require = createRequire(import.meta.url);
const { lookup, requests } = require('kafkajs/src/protocol/requests') as {
  lookup: (versions: object) => (apiKey: number, definition: unknown) => (request: object) => Exchange;
  requests: { Metadata: unknown };
};

/** What kafkajs asks a broker whose last version of Metadata is this one. */
const exchangeWith = (maxVersion: number): Exchange =>
  lookup({ 3: { minVersion: 0, maxVersion } })(3, requests.Metadata)({
    topics: ['ab'],
    allowAutoTopicCreation: false,
  });

/** As a broker answers in version 12: an unknown tagged field, one broker, one topic with one partition. */
function answer(topicId: string, topicError = 0): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length + 1]), Buffer.from(value)]);
  return Buffer.concat([
    Buffer.from([0]),
    Buffer.from('00000000', 'hex'),
    Buffer.from([2]),
    Buffer.from('00000001', 'hex'),
    text('host'),
    Buffer.from('00002384', 'hex'),
    Buffer.from([0, 1, 7, 2, 0xaa, 0xbb]),
    text('cluster'),
    Buffer.from('00000001', 'hex'),
    Buffer.from([2]),
    Buffer.from([0, topicError]),
    text('ab'),
    Buffer.from(topicId, 'hex'),
    Buffer.from([0, 2]),
    Buffer.from('0000'.concat('00000000', '00000001', '00000005'), 'hex'),
    Buffer.from('0200000001'.concat('0200000001', '01', '00'), 'hex'),
    Buffer.from('80000000', 'hex'),
    Buffer.from([0, 0]),
  ]);
}

const ID = '00112233445566778899aabbccddeeff';
const UNKNOWN_TOPIC = 3;

beforeAll(() => installTopicIdentity());

test.each([
  [0, 0],
  [6, 6],
  [9, 6],
  [10, 10],
  [11, 11],
  [12, 12],
  [13, 12],
])('a broker that knows version %d of Metadata is asked in version %d', (known, asked) => {
  expect(exchangeWith(known).request.apiVersion).toBe(asked);
});

test.each([
  [12, `0002${'00'.repeat(16)}03616200${'00'.repeat(3)}`],
  [10, `0002${'00'.repeat(16)}03616200${'00'.repeat(4)}`],
])('a request in version %d', async (version, expected) => {
  const { buffer } = await exchangeWith(version).request.encode();
  expect(buffer.toString('hex')).toBe(expected);
});

test('an answer brings the id of each topic, also to who asks for its partitions alone', async () => {
  const { response } = exchangeWith(12);
  expect(await response.parse(await response.decode(answer(ID)))).toMatchObject({
    brokers: [{ nodeId: 1, host: 'host', port: 9092, rack: null }],
    clusterId: 'cluster',
    controllerId: 1,
    topicMetadata: [
      {
        topic: 'ab',
        topicId: ID,
        isInternal: false,
        partitionMetadata: [
          { partitionId: 0, leader: 1, replicas: [1], isr: [1], offlineReplicas: [], topicId: ID },
        ],
      },
    ],
  });
});

test('the id of all zeros is none', async () => {
  const { topicMetadata } = await exchangeWith(12).response.decode(answer('0'.repeat(32)));
  expect(topicMetadata[0]?.topicId).toBeUndefined();
});

test('an error of a topic is thrown as kafkajs throws it', async () => {
  const { response } = exchangeWith(12);
  const decoded = await response.decode(answer(ID, UNKNOWN_TOPIC));
  await expect(response.parse(decoded)).rejects.toMatchObject({ type: 'UNKNOWN_TOPIC_OR_PARTITION' });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { createTopicsApi } from '../src/protocol/messages/create-topics.js';
import { deleteTopicsApi } from '../src/protocol/messages/delete-topics.js';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { offsetCommitApi } from '../src/protocol/messages/offset-commit.js';
import { offsetFetchApi } from '../src/protocol/messages/offset-fetch.js';
import { CompiledBroker } from '../test-support/compiled-broker.js';
import { NumberingProducer, readNumbers } from '../test-support/numbering-producer.js';
import { RawClient } from '../test-support/raw-client.js';

/** `KILL_ROUNDS=1000 npm test -- libs/embedded-kafka/test/kill` for the long run. */
const rounds = Number(process.env['KILL_ROUNDS'] ?? 8);
const partitions = 4;
const longestRoundMs = 400;
/** After so many rounds a new topic is begun, so that reading it all again does not take ever longer. */
const roundsPerTopic = 10;

jest.setTimeout(60_000 + rounds * 5000);

let compiled: CompiledBroker;
let dataDir: string;

beforeAll(async () => {
  compiled = new CompiledBroker();
  dataDir = await mkdtemp(join(tmpdir(), 'embedded-kafka-kill-'));
});

afterAll(async () => {
  await compiled.dispose();
  await rm(dataDir, { recursive: true, force: true });
});

/** The last committed offset that was acknowledged, and the last that was sent. */
interface Committed {
  readonly acknowledged: number;
  readonly sent: number;
}

/** Commits ever higher offsets until the connection is lost. */
async function commitOffsets(port: number, topic: string, before: Committed): Promise<Committed> {
  let { acknowledged, sent } = before;
  const client = await RawClient.connect(port).catch(() => undefined);
  if (client === undefined) return before;
  for (;;) {
    sent++;
    const partition = { index: 0, offset: sent, metadata: null };
    const commit = client.send(offsetCommitApi, 7, {
      groupId: 'group',
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: topic, partitions: [partition] }],
    });
    if ((await commit.catch(() => undefined)) === undefined) return { acknowledged, sent };
    acknowledged = sent;
  }
}

async function committedOffset(client: RawClient, topic: string): Promise<number> {
  const { topics } = await client.send(offsetFetchApi, 5, {
    groupId: 'group',
    topics: [{ name: topic, partitions: [0] }],
    groups: [],
    requireStable: false,
  });
  return topics[0]!.partitions[0]!.offset;
}

async function deleteTopic(client: RawClient, name: string): Promise<void> {
  const topics = [{ name, topicId: '' }];
  await client.send(deleteTopicsApi, 3, { topics, topicNames: [name], timeoutMs: 1000 });
}

async function createTopic(client: RawClient, name: string): Promise<number> {
  const { topics } = await client.send(createTopicsApi, 4, {
    topics: [{ name, partitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  });
  return topics[0]!.errorCode;
}

async function topicNames(client: RawClient): Promise<(string | null)[]> {
  const { topics } = await client.send(metadataApi, 5, {
    topics: null,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return topics.map(({ name }) => name);
}

function createProducers(port: number, topic: string): Promise<NumberingProducer[]> {
  return Promise.all(
    Array.from({ length: partitions }, (_, index) => NumberingProducer.create(port, topic, index)),
  );
}

/** Every partition has the producer's numbers without a gap or repetition, and all that were acknowledged. */
async function expectNumbers(port: number, topic: string, producers: readonly NumberingProducer[]) {
  for (const [partition, producer] of producers.entries()) {
    const numbers = await readNumbers(port, topic, partition);
    expect(numbers).toEqual([...numbers.keys()]);
    expect(numbers.length).toBeGreaterThanOrEqual(producer.acknowledged);
  }
}

/** What was never acknowledged is sent again and must not be there twice. */
async function expectNumbersOnceAfterRetry(
  port: number,
  topic: string,
  producers: readonly NumberingProducer[],
) {
  await Promise.all(producers.map((producer) => producer.write(port, () => true)));
  for (const [partition, producer] of producers.entries()) {
    expect(await readNumbers(port, topic, partition)).toEqual([...Array(producer.acknowledged).keys()]);
    expect(producer.acknowledged).toBeGreaterThan(0);
  }
}

test(`${rounds} times killed with SIGKILL, nothing acknowledged is lost, doubled or out of order`, async () => {
  // A small journal and small segments, so that kills also hit checkpoints and segment changes.
  const options = {
    dataDir,
    journalBytes: 300_000,
    topicDefaults: { 'segment.bytes': '200000' },
    recentBytes: 100_000,
  };
  let broker = await compiled.start(options);
  let admin = await RawClient.connect(broker.port);
  let offsets: Committed = { acknowledged: -1, sent: -1 };
  for (let round = 0; round < rounds;) {
    const topic = `from-round-${round}`;
    await createTopic(admin, topic);
    const producers = await createProducers(broker.port, topic);
    const acknowledgedTopics = [topic];
    for (const end = Math.min(rounds, round + roundsPerTopic); round < end; round++) {
      const writing = producers.map((producer) => producer.write(broker.port, () => false));
      const committing = commitOffsets(broker.port, topic, offsets);
      const name = `in-round-${round}`;
      const creating = createTopic(admin, name).catch(() => undefined);
      await delay(Math.random() * longestRoundMs);
      await broker.kill();
      await Promise.all(writing);
      offsets = await committing;
      if ((await creating) === 0) acknowledgedTopics.push(name);

      broker = await compiled.start(options);
      admin = await RawClient.connect(broker.port);
      const committed = await committedOffset(admin, topic);
      expect(committed).toBeGreaterThanOrEqual(offsets.acknowledged);
      expect(committed).toBeLessThanOrEqual(offsets.sent);
      expect(await topicNames(admin)).toEqual(expect.arrayContaining(acknowledgedTopics));
      await expectNumbers(broker.port, topic, producers);
    }
    await expectNumbersOnceAfterRetry(broker.port, topic, producers);
    for (const name of await topicNames(admin)) await deleteTopic(admin, name!);
    offsets = { acknowledged: -1, sent: -1 };
  }
});

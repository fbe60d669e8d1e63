import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ErrorCode } from '../src/protocol/errors.js';
import { createTopicsApi } from '../src/protocol/messages/create-topics.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { CompiledBroker, type BrokerProcess } from '../test-support/compiled-broker.js';
import { eventually } from '../test-support/eventually.js';
import { readNumbers } from '../test-support/numbering-producer.js';
import { RawClient } from '../test-support/raw-client.js';
import { encodeBatch } from '../test-support/record-batches.js';

let compiled: CompiledBroker;
let dataDir: string;
let broker: BrokerProcess;
let client: RawClient;

beforeAll(() => {
  compiled = new CompiledBroker();
});

afterAll(() => compiled.dispose());

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'embedded-kafka-disk-'));
  await start();
  await client.send(createTopicsApi, 4, {
    topics: [{ name: 'orders', partitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
    validateOnly: false,
  });
});

afterEach(async () => {
  await broker.kill();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  broker = await compiled.start({ dataDir, journalBytes: 200_000, recentBytes: 0 });
  client = await RawClient.connect(broker.port);
}

/** Sends numbered records, one per request, from a number on; returns the error codes. */
async function produce(first: number, count: number): Promise<number[]> {
  const codes: number[] = [];
  for (let number = first; number < first + count; number++) {
    const { topics } = await client.send(produceApi, 7, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topics: [
        {
          name: 'orders',
          partitions: [{ index: 0, records: [encodeBatch([`${number} ${'x'.repeat(2000)}`])] }],
        },
      ],
    });
    codes.push(topics[0]!.partitions[0]!.errorCode);
  }
  return codes;
}

const succeeds = async (number: number) => (await produce(number, 1))[0] === ErrorCode.NONE;

test('while segments cannot be written requests are refused; then it goes on, and nothing is lost', async () => {
  await produce(0, 5);
  // A file where the folder of the partition must be makes every write of a segment fail.
  const topics = join(dataDir, 'topics');
  await eventually(async () => (await readdir(topics).catch(() => [])).length > 0);
  const [topic] = await readdir(topics);
  await rename(join(topics, topic!), join(dataDir, 'aside'));
  await writeFile(join(topics, topic!), '');
  let accepted = 5;
  while (await succeeds(accepted)) accepted++;
  expect(await produce(accepted, 3)).toEqual(Array(3).fill(ErrorCode.KAFKA_STORAGE_ERROR));

  await rm(join(topics, topic!));
  await rename(join(dataDir, 'aside'), join(topics, topic!));
  await eventually(() => succeeds(accepted));
  expect(await readNumbers(broker.port, 'orders', 0)).toEqual([...Array(accepted + 1).keys()]);
  await broker.kill();
  await start();
  expect(await readNumbers(broker.port, 'orders', 0)).toEqual([...Array(accepted + 1).keys()]);
});

test('while no file can grow requests are refused; a restart has all that was acknowledged', async () => {
  // Linux only: the limit on the size of files stands in for a full disk.
  if (spawnSync('prlimit', ['--version']).status !== 0) return;
  const limitFiles = (bytes: number | 'unlimited') =>
    spawnSync('prlimit', ['--pid', String(broker.process.pid), `--fsize=${bytes}:unlimited`]);
  expect(limitFiles(20_000).status).toBe(0);
  let accepted = 0;
  while (await succeeds(accepted)) accepted++;
  expect(await produce(accepted, 3)).toEqual(Array(3).fill(ErrorCode.KAFKA_STORAGE_ERROR));
  expect(await readNumbers(broker.port, 'orders', 0)).toEqual([...Array(accepted).keys()]);
  await broker.kill();
  await start();
  expect(await readNumbers(broker.port, 'orders', 0)).toEqual([...Array(accepted).keys()]);
  expect(limitFiles('unlimited').status).toBe(0);
  expect(await succeeds(accepted)).toBe(true);
});

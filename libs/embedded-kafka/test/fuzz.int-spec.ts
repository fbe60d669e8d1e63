import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { CompiledBroker, type BrokerProcess } from '../test-support/compiled-broker.js';
import { FrameMutator, seededRandom } from '../test-support/mutations.js';
import { RawClient } from '../test-support/raw-client.js';
import { requestSamples, sampleSessionTimeoutMs, sampleTopic } from '../test-support/request-samples.js';

/** `FUZZ_FRAMES=100000 npm test -- libs/embedded-kafka/test/fuzz` for the long run; FUZZ_SEED repeats one. */
const frames = Number(process.env['FUZZ_FRAMES'] ?? 3000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
const workers = 10;
const longestWaitMs = 20;
const mebibyte = 1024 * 1024;

/** ApiVersions in version 0, with a correlation id that nothing else has. */
const goodCorrelationId = Buffer.from('fade0ff5', 'hex');
const goodRequest = Buffer.from('0000000a00120000fade0ff5ffff', 'hex');

jest.setTimeout(60_000 + frames * 10);

let compiled: CompiledBroker;
let dataDir: string;
let broker: BrokerProcess;

beforeAll(async () => {
  compiled = new CompiledBroker();
  dataDir = await mkdtemp(join(tmpdir(), 'embedded-kafka-fuzz-'));
  broker = await compiled.start(options(), 'ignore');
});

afterAll(async () => {
  await compiled.dispose();
  await rm(dataDir, { recursive: true, force: true });
});

const options = () => ({ dataDir, groupMinSessionTimeoutMs: sampleSessionTimeoutMs });

/** Many addresses of this machine, because each closed connection blocks a port of its address for a while. */
function localAddress(index: number): string | undefined {
  return process.platform === 'linux'
    ? `127.0.${Math.floor(index / 200) % 200}.${1 + (index % 200)}`
    : undefined;
}

function openSocket(index: number): Socket {
  const socket = connect({ port: broker.port, host: '127.0.0.1', localAddress: localAddress(index) });
  socket.on('error', () => socket.destroy());
  return socket;
}

/**
 * Sends frames one at a time and after each a good request, whose answer shows that the frame was dealt with. The next
 * frame goes over a new connection if the broker has closed this one, or keeps it waiting, as a frame may ask for.
 */
async function bombard(mutator: FrameMutator, count: number, worker: number): Promise<void> {
  let socket = openSocket(worker);
  for (let sent = 0; sent < count; sent++) {
    if (socket.destroyed) socket = openSocket(worker + workers * sent);
    socket.write(Buffer.concat([mutator.next(), goodRequest]));
    await outcome(socket);
  }
  socket.destroy();
}

function outcome(socket: Socket): Promise<void> {
  return new Promise((known) => {
    let received = Buffer.alloc(0);
    const abandon = setTimeout(() => socket.destroy(), longestWaitMs);
    const receive = (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      if (received.includes(goodCorrelationId)) finish();
    };
    const finish = () => {
      clearTimeout(abandon);
      socket.off('data', receive).off('close', finish);
      known();
    };
    socket.on('data', receive).on('close', finish);
  });
}

async function answers(): Promise<boolean> {
  const client = await RawClient.connect(broker.port);
  const { topics } = await client.send(metadataApi, 8, {
    topics: [{ topicId: '', name: sampleTopic }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  client.close();
  return topics[0]!.errorCode === 0;
}

/** Where the system tells it (Linux), else 0. */
function residentMemory(): number {
  if (process.platform !== 'linux') return 0;
  const status = readFileSync(`/proc/${broker.process.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

test(`${frames} wrong frames (seed ${seed}) neither crash the broker nor make it hang or grow`, async () => {
  const mutator = new FrameMutator(requestSamples, seededRandom(seed));
  const bombardments = Array.from({ length: workers }, (_, worker) =>
    bombard(mutator, frames / workers, worker),
  );
  await Promise.all(bombardments);
  expect(await answers()).toBe(true);
  expect(broker.process.exitCode).toBeNull();
  expect(residentMemory()).toBeLessThan(200 * mebibyte);

  await broker.kill();
  broker = await compiled.start(options(), 'ignore');
  expect(await answers()).toBe(true);
});

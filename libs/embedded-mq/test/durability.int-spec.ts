import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { jest } from '@jest/globals';

import { MqClient } from '../test-support/mq-client.js';
import { compileCommand, QueueManagerProcess } from './queue-manager-process.js';

jest.setTimeout(60_000);

/** Set EMBEDDED_MQ_KILL_ROUNDS for more. */
const ROUNDS = Number(process.env.EMBEDDED_MQ_KILL_ROUNDS ?? 6);
const mqsc = 'DEFINE QLOCAL(Q) DEFPSIST(YES) MAXDEPTH(1000000) MAXMSGL(1000000) REPLACE\n';

let folder: string;
let command: string;
let args: string[];
let manager: QueueManagerProcess;
const clients: MqClient[] = [];

beforeAll(() => {
  command = compileCommand();
});
afterAll(() => rm(dirname(dirname(command)), { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-mq-'));
  await writeFile(join(folder, 'objects.mqsc'), mqsc);
  args = ['--data', join(folder, 'data'), '--mqsc', join(folder, 'objects.mqsc'), '--port'];
  manager = await QueueManagerProcess.start(command, [...args, '0']);
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
  await manager.stop();
  await rm(folder, { recursive: true, force: true });
});

async function connected(): Promise<MqClient> {
  const client = await MqClient.start(manager.env);
  clients.push(client);
  await reconnect(client);
  return client;
}

async function reconnect(client: MqClient): Promise<void> {
  await client.call('connect');
  await client.call('open', { name: 'Q', options: ['OUTPUT', 'INPUT_SHARED', 'BROWSE'] });
}

/** Everything on the queue, in order, without taking it. */
async function browse(client: MqClient): Promise<number[]> {
  const numbers: number[] = [];
  for (let options = ['BROWSE_FIRST']; ; options = ['BROWSE_NEXT']) {
    if ((await client.reason('get', { object: 'Q', options })) !== 0) return numbers;
    const { body } = await client.call('get', { object: 'Q', options: ['BROWSE_MSG_UNDER_CURSOR'] });
    numbers.push(Buffer.from(body as string, 'latin1').readUInt32BE(0));
  }
}

test(
  'kill -9 while messages flow loses nothing that was committed, and keeps nothing that was not',
  async () => {
    const writer = await connected();
    const reader = await connected();
    const state = { running: true, next: 1, committed: [] as number[], removed: new Set<number>() };
    for (let round = 0; round < ROUNDS; round++) {
      state.running = true;
      /** In doubt: sent, but the answer was lost. */
      let doubtfulPuts: number[] = [];
      let doubtfulGets: number[] = [];
      const writing = (async () => {
        while (state.running) {
          const size = 1 + (state.next % 7);
          const numbers = Array.from({ length: size }, (_, i) => state.next + i);
          state.next += size;
          const request = {
            object: 'Q',
            size: 600,
            numbered: numbers[0],
            times: size,
            options: ['SYNCPOINT'],
          };
          if ((await writer.reason('put', request)) !== 0) return;
          if ((await writer.reason('commit')) !== 0) {
            doubtfulPuts = numbers;
            return;
          }
          state.committed.push(...numbers);
        }
      })();
      const reading = (async () => {
        while (state.running) {
          const got: number[] = [];
          for (let i = 0; i < 8; i++) {
            if ((await reader.reason('get', { object: 'Q', options: ['BROWSE_FIRST'] })) !== 0) break;
            const taken = { object: 'Q', options: ['SYNCPOINT'] };
            const message = await reader.call('get', taken).catch(() => undefined);
            if (!message) break;
            got.push(Buffer.from(message.body as string, 'latin1').readUInt32BE(0));
          }
          const reason = await reader.reason('commit');
          if (reason !== 0) {
            doubtfulGets = got;
            return;
          }
          for (const number of got) state.removed.add(number);
        }
      })();
      while (state.committed.length < (round + 1) * 40) await new Promise((resolve) => setImmediate(resolve));
      await manager.kill();
      state.running = false;
      await Promise.all([writing, reading]);
      manager = await QueueManagerProcess.start(command, [...args, String(manager.port)]);
      for (const client of [writer, reader]) {
        await client.reason('disconnect');
        await reconnect(client);
      }

      const found = await browse(reader);
      const present = new Set(found);
      expect(found).toHaveLength(present.size);
      expect(found).toEqual(found.toSorted((a, b) => a - b));
      // A doubtful unit of work is there whole or not at all.
      const putsApplied = doubtfulPuts.filter(
        (number) => present.has(number) || doubtfulGets.includes(number),
      );
      expect([0, doubtfulPuts.length]).toContain(putsApplied.length);
      if (putsApplied.length > 0) state.committed.push(...doubtfulPuts);
      const returned = doubtfulGets.filter((number) => present.has(number));
      expect([0, doubtfulGets.length]).toContain(returned.length);
      if (returned.length === 0) for (const number of doubtfulGets) state.removed.add(number);
      expect(found).toEqual(state.committed.filter((number) => !state.removed.has(number)));
    }
  },
  60_000 + ROUNDS * 20_000,
);

test('messages that are not persistent do not survive a restart', async () => {
  const client = await connected();
  await client.call('put', { object: 'Q', size: 10, numbered: 1, descriptor: { Persistence: 0 } });
  await client.call('put', { object: 'Q', size: 10, numbered: 2, descriptor: { Persistence: 1 } });
  await manager.stop();
  manager = await QueueManagerProcess.start(command, [...args, '0']);
  expect(await browse(await connected())).toEqual([2]);
});

test('backout counts survive kill -9', async () => {
  const client = await connected();
  await client.call('put', { object: 'Q', body: 'a' });
  for (let i = 0; i < 2; i++) {
    await client.call('get', { object: 'Q', options: ['SYNCPOINT'] });
    await client.call('backout');
  }
  await manager.kill();
  manager = await QueueManagerProcess.start(command, [...args, '0']);
  const message = await (await connected()).call('get', { object: 'Q' });
  expect(message.descriptor.BackoutCount).toBe(2);
});

test('disk space is given back when messages are gone', async () => {
  const client = await connected();
  for (let i = 0; i < 10; i++) {
    await client.call('put', { object: 'Q', size: 900_000, times: 10, options: ['SYNCPOINT'] });
    await client.call('commit');
    for (let n = 0; n < 10; n++) {
      await client.call('get', { object: 'Q', bufferLength: 1_000_000, options: ['SYNCPOINT'] });
    }
    await client.call('commit');
  }
  // 90 MB went through; the journal is bounded by what one checkpoint follows the other.
  const files = await readdir(join(folder, 'data'));
  const sizes = await Promise.all(
    files.filter((name) => name.startsWith('journal-')).map((name) => stat(join(folder, 'data', name))),
  );
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(70 * 1024 * 1024);
});

describe('the command', () => {
  test('says where it listens, and exits with 0 when it is told to stop or left alone', async () => {
    expect(manager.output()).toMatch(
      /^Queue manager QM1 listens on 127\.0\.0\.1\(\d+\), data in .*, 3 local queues/m,
    );
    expect(await manager.stop('SIGINT')).toBe(0);
    manager = await QueueManagerProcess.start(command, [...args, '0']);
    expect(await manager.orphan()).toBe(0);
    manager = await QueueManagerProcess.start(command, [...args, '0']);
  });

  test('exits with one clear line when it cannot start', async () => {
    const port = String(manager.port);
    const start = (...more: string[]) => QueueManagerProcess.start(command, more);
    await expect(start(...args, port)).rejects.toThrow(
      /exit code 1: orderbridge-mq: .* in use by process \d+\.\n$/,
    );
    await expect(start('--data', join(folder, 'other'), '--port', port)).rejects.toThrow(
      /exit code 1: orderbridge-mq: the port is in use .*\n$/,
    );
    await expect(start()).rejects.toThrow(/exit code 1: orderbridge-mq: --data DIR is missing/);
    await expect(start('--nonsense')).rejects.toThrow(/exit code 1: orderbridge-mq: Unknown option/);
  });
});

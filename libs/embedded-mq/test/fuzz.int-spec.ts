import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { MAGIC, Operation, VERSION } from '../src/protocol.js';
import { Harness } from './harness.js';

/** Set EMBEDDED_MQ_FUZZ_FRAMES for more, EMBEDDED_MQ_FUZZ_SEED to repeat a run. */
const FRAMES = Number(process.env.EMBEDDED_MQ_FUZZ_FRAMES ?? 3000);
const SEED = Number(process.env.EMBEDDED_MQ_FUZZ_SEED ?? Date.now() % 1_000_000);
const FRAMES_PER_CONNECTION = 20;

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start({ mqsc: 'DEFINE QLOCAL(Q) DEFPSIST(YES) REPLACE' });
});
afterEach(() => harness.close());

/** A small generator of numbers that a seed repeats (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function frame(operation: number, payload: Buffer, length = payload.length): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(length >>> 0, 0);
  header.writeUInt16LE(operation, 4);
  return Buffer.concat([header, payload]);
}

function greeting(): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.writeInt32LE(MAGIC, 0);
  fixed.writeInt32LE(VERSION, 4);
  const texts = ['QM1', 'SYSTEM.DEF.SVRCONN', 'fuzz', 'fuzz'].map((text) => {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(text.length, 0);
    return Buffer.concat([length, Buffer.from(text)]);
  });
  return frame(Operation.CONNECT, Buffer.concat([fixed, ...texts, Buffer.alloc(2)]));
}

function open(): Buffer {
  const fixed = Buffer.alloc(4 + 96 + 4 + 2, ' ');
  fixed.writeInt32LE(1, 0);
  fixed.write('Q', 4);
  fixed.writeInt32LE(0x2 | 0x8 | 0x10 | 0x20 | 0x40, 100);
  fixed.writeUInt16LE(0, 104);
  return frame(Operation.OPEN, fixed);
}

async function connected(): Promise<Socket> {
  const socket = connect(harness.queueManager.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  return socket;
}

function randomFrame(random: (below: number) => number): Buffer {
  const payload = Buffer.alloc(random(3) === 0 ? random(2000) : random(600));
  for (let i = 0; i < payload.length; i++) payload[i] = random(4) === 0 ? random(256) : 0;
  if (random(2) === 0 && payload.length >= 4) payload.writeInt32LE(1, 0); // a handle that is open
  const operation = random(10) === 0 ? random(65_536) : random(18);
  const lies = random(20) === 0;
  return frame(operation, payload, lies ? random(0xffffffff) : payload.length);
}

test(`malformed frames end their connection or get an answer, and nothing else breaks (seed ${SEED})`, async () => {
  const random = generator(SEED);
  const witness = await harness.connected();
  await witness.call('open', { name: 'Q', options: ['OUTPUT', 'INPUT_SHARED'] });
  for (let sent = 0; sent < FRAMES; sent += FRAMES_PER_CONNECTION) {
    const socket = await connected();
    const closed = once(socket, 'close');
    const frames = Array.from({ length: FRAMES_PER_CONNECTION }, () => randomFrame(random));
    const polite = random(5) > 0;
    if (polite) frames.unshift(greeting(), open());
    // In pieces that do not respect frames.
    const bytes = Buffer.concat(frames);
    const cut = random(bytes.length);
    socket.write(bytes.subarray(0, cut));
    socket.end(bytes.subarray(cut));
    await closed;
  }
  const message = { object: 'Q', body: 'still there', descriptor: { Priority: 9 } };
  await witness.call('put', message);
  const match = { object: 'Q', handle: true, bufferLength: 1000 };
  expect((await witness.call('get', match)).body).toBe('still there');
}, 600_000);

test('half-open connections and strangers do not keep others out, nor the queue manager from stopping', async () => {
  const idle = await Promise.all(Array.from({ length: 50 }, () => connected()));
  const stranger = await connected();
  stranger.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(stranger, 'close');
  const client = await harness.connected();
  expect(await client.reason('open', { name: 'Q', options: ['OUTPUT'] })).toBe(0);
  await harness.restart();
  expect(await client.reason('commit')).toBe(2009);
  for (const socket of idle) socket.destroy();
});

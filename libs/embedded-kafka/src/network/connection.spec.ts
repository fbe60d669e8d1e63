import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Connection, type FrameHandler } from './connection.js';

/** A socket whose peer takes what is sent only when it is told to. */
class FakeSocket extends Duplex {
  readonly remoteAddress = '::ffff:10.0.0.1';
  readonly remotePort = 4711;
  readonly localAddress = '::ffff:10.0.0.2';
  readonly localPort = 9092;
  readonly sent: string[] = [];
  private untaken: (() => void) | undefined;

  constructor(private readonly takes: boolean) {
    super();
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}
  setTimeout(): void {}

  override _read(): void {}

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.sent.push(piece.toString());
    if (this.takes) done();
    else this.untaken = done;
  }

  takeSent(): void {
    const done = this.untaken;
    this.untaken = undefined;
    done?.();
  }

  receive(...frames: string[]): void {
    for (const frame of frames) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(frame.length);
      this.push(Buffer.concat([length, Buffer.from(frame)]));
    }
  }
}

/** Keeps requests open until they are answered; those that begin with "p" may be pipelined. */
class ManualHandler implements FrameHandler {
  readonly begun: string[] = [];
  private readonly answers = new Map<string, (response: Buffer[] | null) => void>();

  mayPipeline(frame: Buffer): boolean {
    return frame.toString().startsWith('p');
  }

  handle(frame: Buffer): Promise<Buffer[] | null> {
    this.begun.push(frame.toString());
    return new Promise((resolve) => this.answers.set(frame.toString(), resolve));
  }

  async answer(request: string, response: string | null = `${request}!`): Promise<void> {
    this.answers.get(request)!(response === null ? null : [Buffer.from(response)]);
    await turn();
  }
}

function connect(handler: FrameHandler, takes = true) {
  const socket = new FakeSocket(takes);
  const log: string[] = [];
  const options = { maxRequestBytes: 1_000_000, idleTimeoutMs: 1000, log: (line: string) => log.push(line) };
  const connection = new Connection(socket as unknown as Socket, handler, options);
  return { socket, connection, log };
}

test('requests are worked on one after the other', async () => {
  const handler = new ManualHandler();
  const { socket } = connect(handler);
  socket.receive('a', 'b');
  await turn();
  expect(handler.begun).toEqual(['a']);
  await handler.answer('a');
  expect(handler.begun).toEqual(['a', 'b']);
  await handler.answer('b');
  expect(socket.sent).toEqual(['a!', 'b!']);
});

test('requests that may be pipelined begin together and are answered in order', async () => {
  const handler = new ManualHandler();
  const { socket } = connect(handler);
  socket.receive('p1', 'p2', 'p3', 'x', 'p4');
  await turn();
  expect(handler.begun).toEqual(['p1', 'p2', 'p3']);
  await handler.answer('p3');
  await handler.answer('p1', null);
  expect(socket.sent).toEqual([]);
  await handler.answer('p2');
  expect(socket.sent).toEqual(['p2!', 'p3!']);
  expect(handler.begun).toEqual(['p1', 'p2', 'p3', 'x']);
});

test('a client that does not read its responses is not served, nor read from', async () => {
  const large = [Buffer.alloc(600_000)];
  let served = 0;
  const handler: FrameHandler = {
    mayPipeline: () => false,
    handle() {
      served++;
      return large;
    },
  };
  const { socket } = connect(handler, false);
  socket.receive(...Array<string>(100).fill('request'));
  await turn();
  expect(served).toBe(2);
  expect(socket.isPaused()).toBe(true);
  for (let response = 0; response < 100; response++) {
    socket.takeSent();
    await turn();
  }
  expect(served).toBe(100);
  expect(socket.isPaused()).toBe(false);
});

test.each([
  [
    'at once',
    () => () => {
      throw new Error('broken');
    },
  ],
  ['later', () => () => Promise.reject(new Error('broken'))],
])('an error of the handler closes the connection, %s', async (_when, create) => {
  const { socket, log } = connect({ mayPipeline: () => false, handle: create() });
  socket.receive('request');
  await turn();
  expect(socket.destroyed).toBe(true);
  expect(log).toEqual(['Closed the connection of 10.0.0.1:4711: Error: broken']);
});

test('what waits for the connection to close is told', async () => {
  const { socket, connection } = connect(new ManualHandler());
  const told: string[] = [];
  connection.onClose(() => told.push('first'));
  const forget = connection.onClose(() => told.push('second'));
  forget();
  socket.destroy();
  await turn();
  expect(told).toEqual(['first']);
});

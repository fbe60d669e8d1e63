import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from '../connection/connection.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import type { Arrival, Received } from '../connection/input-queue.js';
import { Selector } from '../mqi/constants.js';
import { NO_TRACING } from '../tracing/tracing.js';
import { MemoryBackoutLedger } from './memory-backout-ledger.js';
import { QueueConsumer, type QueueConsumerOptions } from './queue-consumer.js';

const BACKLOG = 100;
const BOTHRESH = 3;
const TEXT = { Format: 'MQSTR', CodedCharSetId: 1208, Encoding: 546 };
/** MQQT_LOCAL */
const LOCAL_QUEUE = 1;

/** Blocks for a millisecond, as a verb does. */
function block(): void {
  for (const until = performance.now() + 1; performance.now() < until;);
}

/** A connection, and its input queue, with a backlog. */
class FakeConnection {
  readonly name = 'IN';
  readonly lost = new AbortController().signal;
  taken = 0;
  protected arrived: (arrival: Arrival) => void = () => undefined;

  openInput(_queue: string, _options: object, arrived: (arrival: Arrival) => void): this {
    this.arrived = arrived;
    return this;
  }

  resume(): void {
    const received = this.take();
    if (received) setImmediate(() => this.arrived({ kind: 'message', ...received }));
  }

  take(): Received | undefined {
    block();
    if (this.taken === BACKLOG) return undefined;
    this.taken++;
    const descriptor = { ...TEXT, BackoutCount: 0 };
    return { descriptor: descriptor as never, data: Buffer.from(`${this.taken}`) };
  }

  suspend(): void {}
  commit(): void {
    block();
  }
  back(): void {}
  closeInput(): void {}
  close(): void {}
}

function consume(connection: FakeConnection, options: Partial<QueueConsumerOptions>): QueueConsumer {
  const manager = {
    connect: () => Promise.resolve(connection as unknown as Connection),
    observer: {},
    tracing: NO_TRACING,
  };
  const consumer = new QueueConsumer(manager as unknown as IbmMqConnectionManager, {
    queue: 'IN',
    batchSize: 1,
    backoff: { initialDelay: 1, maxDelay: 1 },
    ledger: new MemoryBackoutLedger(),
    handle: () => Promise.resolve(),
    backoutHeaders: () => ({}),
    logger: { warn: () => undefined },
    ...options,
  });
  consumer.start();
  return consumer;
}

/** A message that comes again with each backout, on a queue manager whose log is full for a while. */
class FullLog extends FakeConnection {
  commits = 0;
  #backoutCount = 0;
  #committed = false;

  override take(): Received | undefined {
    if (this.#committed || this.taken > this.#backoutCount) return undefined;
    this.taken++;
    const message = { MsgId: Buffer.alloc(24), BackoutCount: this.#backoutCount };
    return { descriptor: { ...TEXT, ...message } as never, data: Buffer.from('innocent') };
  }

  override commit(): void {
    if (++this.commits <= 2 * BOTHRESH) throw new Error('MQCMIT failed: MQRC_BACKED_OUT (2003)');
    this.#committed = true;
  }

  override back(): void {
    this.#backoutCount++;
  }

  inquireQueue(_queue: string, [selector]: readonly number[]): (number | string)[] {
    return selector === Selector.Q_TYPE ? [LOCAL_QUEUE] : [BOTHRESH, 'IN.BOQ'];
  }

  inquireQueueManager(): string[] {
    return ['', 'QM1'];
  }
}

test.each([1, 3])(
  'a backlog in units of work of %i lets the event loop turn, though the handler waits for nothing',
  async (batchSize) => {
    const connection = new FakeConnection();
    const consumer = consume(connection, { batchSize, ledger: undefined });
    let turns = 0;
    while (connection.taken < BACKLOG) {
      await nextTurn();
      turns++;
    }
    await consumer.stop(1_000);
    expect(turns).toBeGreaterThan(10);
  },
);

test('commits that fail are nothing against a message, however many', async () => {
  const connection = new FullLog();
  let handled = 0;
  const consumer = consume(connection, { handle: () => Promise.resolve(void handled++) });
  while (connection.commits <= 2 * BOTHRESH) await nextTurn();
  await consumer.stop(1_000);
  // Without a put to the backout queue in between, which the fake does not have.
  expect(handled).toBe(connection.commits);
});

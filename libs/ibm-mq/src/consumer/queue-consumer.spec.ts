import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from '../connection/connection.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import type { Arrival, Received } from '../connection/input-queue.js';
import { NO_TRACING } from '../tracing/tracing.js';
import { BatchBackouts } from './batch-backouts.js';
import { QueueConsumer } from './queue-consumer.js';

const BACKLOG = 100;

/** Blocks for a millisecond, as a verb does. */
function block(): void {
  for (const until = performance.now() + 1; performance.now() < until;);
}

/** A connection, and its input queue, with a backlog. */
class FakeConnection {
  readonly name = 'IN';
  readonly lost = new AbortController().signal;
  taken = 0;
  #arrived: (arrival: Arrival) => void = () => undefined;

  openInput(_queue: string, _options: object, arrived: (arrival: Arrival) => void): this {
    this.#arrived = arrived;
    return this;
  }

  resume(): void {
    const received = this.take();
    if (received) setImmediate(() => this.#arrived({ kind: 'message', ...received }));
  }

  take(): Received | undefined {
    block();
    if (this.taken === BACKLOG) return undefined;
    this.taken++;
    const descriptor = { Format: 'MQSTR', CodedCharSetId: 1208, Encoding: 546, BackoutCount: 0 };
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

test.each([1, 3])(
  'a backlog in units of work of %i lets the event loop turn, though the handler waits for nothing',
  async (batchSize) => {
    const connection = new FakeConnection();
    const manager = {
      connect: () => Promise.resolve(connection as unknown as Connection),
      observer: {},
      tracing: NO_TRACING,
    };
    const consumer = new QueueConsumer(manager as unknown as IbmMqConnectionManager, {
      queue: 'IN',
      batchSize,
      backoff: { initialDelay: 1, maxDelay: 1 },
      batchBackouts: new BatchBackouts(),
      handle: () => Promise.resolve(),
      backoutHeaders: () => ({}),
      logger: { warn: () => undefined },
      movesPoison: false,
    });
    consumer.start();
    let turns = 0;
    while (connection.taken < BACKLOG) {
      await nextTurn();
      turns++;
    }
    await consumer.stop(1_000);
    expect(turns).toBeGreaterThan(10);
  },
);

import { jest } from '@jest/globals';
import type { Connection } from '../connection/connection.js';
import type { Arrival, Received } from '../connection/input-queue.js';
import { IbmMqError } from '../errors.js';
import { MessageSource } from './message-source.js';

const received = (text: string, warning?: number): Received => ({
  descriptor: { Format: 'MQSTR', CodedCharSetId: 1208, Encoding: 546 } as never,
  data: Buffer.from(text),
  warning,
});
const message = (text: string): Arrival => ({ kind: 'message', ...received(text) });

/** A connection on which messages arrive when the test says so. */
class FakeConnection {
  readonly verbs: string[] = [];
  readonly onQueue: Received[] = [];
  arrive: (arrival: Arrival) => void = () => undefined;
  resumed: () => void = () => undefined;

  /** The connection is its input queue, too. */
  openInput(_queue: string, _options: object, arrived: (arrival: Arrival) => void): this {
    this.arrive = arrived;
    return this;
  }

  resume(): void {
    this.verbs.push('resume');
    this.resumed();
  }

  suspend(): void {
    this.verbs.push('suspend');
  }

  back(): void {
    this.verbs.push('back');
  }

  take(): Received | undefined {
    this.verbs.push('take');
    return this.onQueue.shift();
  }
}

let connection: FakeConnection;
let source: MessageSource;
beforeEach(() => {
  connection = new FakeConnection();
  source = new MessageSource(connection as unknown as Connection, 'IN', {});
});

test('a message that arrives is returned when consumption is suspended', async () => {
  connection.resumed = () => setImmediate(() => connection.arrive(message('1')));
  expect((await source.next())?.text()).toBe('1');
  expect(connection.verbs).toEqual(['resume', 'suspend']);
});

test('a message that was taken but not shown is backed out and taken in another way', async () => {
  connection.onQueue.push(received('cannot be converted', 2119));
  connection.resumed = () => connection.arrive({ kind: 'unseen' });
  const first = await source.next();
  expect(first?.text()).toBe('cannot be converted');
  expect(first?.conversionError).toBe(2119);
  expect(connection.verbs).toEqual(['resume', 'suspend', 'back', 'take']);
});

test('when another consumer was quicker, waiting goes on', async () => {
  const arrivals: Arrival[] = [{ kind: 'unseen' }, message('2')];
  connection.resumed = () => connection.arrive(arrivals.shift() as Arrival);
  expect((await source.next())?.text()).toBe('2');
  expect(connection.verbs).toEqual(['resume', 'suspend', 'back', 'take', 'resume', 'suspend']);
});

test('an event is thrown', async () => {
  const error = new IbmMqError({
    verb: 'MQGET',
    object: 'IN',
    reason: 2009,
    symbol: 'MQRC_CONNECTION_BROKEN',
  });
  connection.resumed = () => connection.arrive({ kind: 'event', error });
  await expect(source.next()).rejects.toBe(error);
});

test('a loss that was noticed elsewhere is told by the next verb', async () => {
  const error = new IbmMqError({
    verb: 'MQGET',
    object: 'IN',
    reason: 2009,
    symbol: 'MQRC_CONNECTION_BROKEN',
  });
  connection.take = () => {
    throw error;
  };
  const next = source.next();
  source.probe();
  await expect(next).rejects.toBe(error);
});

test('stopping ends the wait, after the suspension', async () => {
  const next = source.next();
  await source.stop();
  expect(await next).toBeUndefined();
  expect(connection.verbs[0]).toBe('resume');
  expect(connection.verbs[1]).toBe('suspend');
});

test('a message that the callback had handed over when the wait was stopped is not lost', async () => {
  const next = source.next();
  // As if it were queued for the event loop already, and run in its next turn.
  setImmediate(() => connection.arrive(message('late')));
  await source.stop();
  expect((await next)?.text()).toBe('late');
});

test('after a long silence the connection is asked for a message', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  try {
    connection.onQueue.push(received('found'));
    const next = source.next();
    await jest.advanceTimersByTimeAsync(30_000);
    expect((await next)?.text()).toBe('found');
    expect(connection.verbs.filter((verb) => verb === 'take')).toHaveLength(1);
  } finally {
    jest.useRealTimers();
  }
});

import { IbmMqError, IbmMqUnavailableError, InvalidMessageError } from '../errors.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { UnitSplitter } from './unit-splitter.js';

const failure = (reason: number, verb = 'MQPUT') =>
  new IbmMqError({ verb, object: 'OUT', reason, symbol: `MQRC_${reason}` });

/** A queue manager with limits; remembers the units of work that it has committed. */
class Limits {
  readonly committed: string[][] = [];
  attempts = 0;
  constructor(private readonly refusal: (unit: readonly OutgoingMessage[]) => Error | undefined) {}

  readonly send = (unit: readonly OutgoingMessage[]): Promise<void> => {
    this.attempts++;
    const error = this.refusal(unit);
    if (error) return Promise.reject(error);
    this.committed.push(unit.map(({ body }) => body.toString()));
    return Promise.resolve();
  };
}

const messages = (count: number, queue = 'OUT') =>
  Array.from({ length: count }, (_, i) => ({ queue, body: `${i}` }));
const bodies = (sent: readonly OutgoingMessage[]) => sent.map(({ body }) => Number(body));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test.each([2024, 2003, 2102, 2192])('a unit of work that is too large (%i) is halved', async (reason) => {
  const limits = new Limits((unit) => (unit.length > 10 ? failure(reason) : undefined));
  const report = await new UnitSplitter(limits.send, 100).sendAll(messages(250));
  expect(report).toMatchObject({ refused: [], failure: undefined });
  expect(bodies(report.sent)).toEqual(upTo(250));
  expect(limits.committed.flat().map(Number)).toEqual(upTo(250));
  // What was too large once is not tried again.
  expect(limits.attempts - limits.committed.length).toBe(4);
});

test('a unit of work of one that is backed out stops everything', async () => {
  const limits = new Limits(() => failure(2003, 'MQCMIT'));
  const report = await new UnitSplitter(limits.send, 8).sendAll(messages(20));
  expect(report).toMatchObject({ sent: [], refused: [], failure: { reason: 2003 } });
  expect(limits.attempts).toBe(4);
});

test('a full queue gets what fits, in order; the rest waits, and another queue gets all', async () => {
  let free = 13;
  const limits = new Limits((unit) => {
    const wanted = unit.filter(({ queue }) => queue === 'OUT').length;
    if (wanted > free) return failure(2053);
    free -= wanted;
    return undefined;
  });
  const mixed = messages(40).flatMap((message) => [message, { ...message, queue: 'OTHER' }]);
  const { sent, refused, blocked } = await new UnitSplitter(limits.send, 100).sendAll(mixed);
  expect(bodies(sent.filter(({ queue }) => queue === 'OUT'))).toEqual(upTo(13));
  expect(bodies(sent.filter(({ queue }) => queue === 'OTHER'))).toEqual(upTo(40));
  expect(refused).toEqual([]);
  expect([...blocked]).toMatchObject([['OUT', { reason: 2053 }]]);
});

test.each([failure(2030), failure(2031), failure(2218), new InvalidMessageError('a control character')])(
  'a message that is refused hurts only itself: %s',
  async (error) => {
    const limits = new Limits((unit) => (unit.some(({ body }) => body === '17') ? error : undefined));
    const report = await new UnitSplitter(limits.send, 16).sendAll(messages(40));
    expect(report.refused).toEqual([{ message: { queue: 'OUT', body: '17' }, error }]);
    expect(bodies(report.sent)).toEqual(upTo(40).filter((number) => number !== 17));
    expect(report.failure).toBeUndefined();
  },
);

test.each([
  failure(2009),
  new IbmMqError({ verb: 'MQCMIT', object: 'QM', reason: 2009, symbol: 'X', inDoubt: true }),
  new IbmMqUnavailableError('nobody answers'),
  new Error('a bug'),
])('what is not about the messages ends it at once: %s', async (error) => {
  const limits = new Limits((unit) => (unit.some(({ body }) => body === '9') ? error : undefined));
  const report = await new UnitSplitter(limits.send, 8).sendAll(messages(40));
  expect(bodies(report.sent)).toEqual(upTo(8));
  expect(report.failure).toBe(error);
  expect(limits.attempts).toBe(2);
});

import { PermanentError } from '@orderbridge/messaging';
import { ManualClock } from '../../messaging/test-support/manual-clock.js';
import {
  CircuitOpenError,
  ItemFailedError,
  parseRetryAfter,
  PartnerUnavailableError,
} from './partner-errors.js';
import { PartnerOperation } from './partner-operation.js';
import { MAX_ITEM_FAILURES } from './work-item-processor.js';

const item = (id: string, attempts = 1) => ({ id, attempts });
const fail = () => Promise.reject(new PartnerUnavailableError('500'));
const succeed = () => Promise.resolve('yes');

describe('PartnerOperation', () => {
  let clock: ManualClock;
  let operation: PartnerOperation;

  beforeEach(() => {
    clock = new ManualClock();
    operation = new PartnerOperation('charge', { failures: 3, coolDownMs: 100, clock });
  });

  const failing = async (id: string, attempts = 1, hasAnswered = false): Promise<Error> =>
    operation.execute(item(id, attempts), fail, { hasAnswered }).then(
      () => new Error('It succeeded.'),
      (error: Error) => error,
    );

  test('a first failure is the partner’s', async () => {
    await operation.execute(item('good'), succeed);
    expect(await failing('bad')).toBeInstanceOf(PartnerUnavailableError);
  });

  test('a retry that fails while others succeeded meanwhile is the item’s own failure, and opens nothing', async () => {
    await failing('bad');
    for (let attempts = 2; attempts < 20; attempts++) {
      await operation.execute(item(`good ${attempts}`), succeed);
      expect(await failing('bad', attempts)).toBeInstanceOf(ItemFailedError);
    }
    expect(operation.state).toBe('closed');
  });

  test('without a success of another item meanwhile, a retry that fails counts for the breaker', async () => {
    await operation.execute(item('good'), succeed);
    for (const attempts of [1, 2, 3])
      expect(await failing('bad', attempts)).toBeInstanceOf(PartnerUnavailableError);
    expect(operation.state).toBe('open');
    expect(await failing('bad', 4)).toBeInstanceOf(CircuitOpenError);
  });

  test('the success of the item itself says nothing about others', async () => {
    await failing('bad');
    await operation.execute(item('bad', 2), succeed);
    await operation.execute(item('bad', 3), succeed);
    await failing('bad', 4);
    expect(await failing('bad', 5)).toBeInstanceOf(PartnerUnavailableError);
  });

  test('a retry that fails after the partner has answered another question is the item’s own failure', async () => {
    await failing('bad');
    expect(await failing('bad', 2, true)).toBeInstanceOf(ItemFailedError);
  });

  /** Time for the cool-down to pass, and too little for the circuit to close by itself. */
  const coolDown = () => clock.pass(2_000);

  test('while new items meet an open circuit no failure is the item’s own: the partner is down for everybody', async () => {
    for (const id of ['a', 'b', 'c']) await failing(id);
    for (let attempts = 2; attempts < 50; attempts++) {
      await coolDown();
      await failing(`new ${attempts}`);
      await coolDown();
      expect(await failing('a', attempts, true)).toBeInstanceOf(PartnerUnavailableError);
    }
  });

  test('a look-up that finds what lost answers had done closes the circuit, though no call is left to make', async () => {
    for (const id of ['first', 'second', 'third']) await failing(id);
    expect(operation.state).toBe('open');
    operation.confirmed(item('first', 2));
    expect(operation.state).toBe('closed');
    expect(await failing('second', 2)).toBeInstanceOf(ItemFailedError);
  });

  test('without an answer to anything no failure is the item’s own, however quiet the shop', async () => {
    for (const id of ['a', 'b', 'c']) await failing(id);
    for (let attempts = 2; attempts < 50; attempts++) {
      await coolDown();
      expect(await failing('a', attempts)).toBeInstanceOf(PartnerUnavailableError);
    }
  });

  test('bad items in a quiet shop fail by themselves often enough to be parked, though no good one comes', async () => {
    const ids = Array.from({ length: 12 }, (_, id) => `bad ${id}`);
    const attempts = new Map<string, number>();
    const ownFailures = new Map(ids.map((id) => [id, 0]));
    const waiting = [...ids];
    const startedAt = clock.now();
    while (waiting.length > 0 && clock.now() - startedAt < 120_000) {
      if (operation.capacity.items === 0) {
        await clock.pass(50);
        continue;
      }
      const id = waiting.shift() as string;
      const attempt = (attempts.get(id) ?? 0) + 1;
      attempts.set(id, attempt);
      if ((await failing(id, attempt, attempt > 1)) instanceof ItemFailedError)
        ownFailures.set(id, (ownFailures.get(id) ?? 0) + 1);
      if ((ownFailures.get(id) ?? 0) < MAX_ITEM_FAILURES) waiting.push(id);
    }
    expect([...ownFailures.values()]).toEqual(ids.map(() => MAX_ITEM_FAILURES));
  });

  test('a hundred bad items at once do not keep a good one waiting once it is tried', async () => {
    for (let id = 0; id < 3; id++) await failing(`bad ${id}`);
    await clock.pass(100);
    await operation.execute(item('good'), succeed);
    for (let id = 0; id < 3; id++) expect(await failing(`bad ${id}`, 2)).toBeInstanceOf(ItemFailedError);
    expect(operation.capacity).toEqual({ items: Infinity, isTrial: false });
  });

  test('where no connection can be made, it is never the item', async () => {
    const refused = () => Promise.reject(new PartnerUnavailableError('ECONNREFUSED', { mayBeItem: false }));
    await failing('bad');
    await operation.execute(item('good'), succeed);
    await expect(operation.execute(item('bad', 2), refused, { hasAnswered: true })).rejects.toThrow(
      PartnerUnavailableError,
    );
  });

  test.each<[string, Error]>([
    ['refuses permanently', new PermanentError('no')],
    ['answers what cannot be used', new ItemFailedError('too large')],
  ])('a partner that %s is not in trouble', async (_, error) => {
    for (let time = 0; time < 10; time++)
      await expect(operation.execute(item('bad', time), () => Promise.reject(error))).rejects.toBe(error);
    expect(operation.state).toBe('closed');
  });

  test('what it remembers is bounded', async () => {
    const many = new PartnerOperation('charge', { failures: 1_000_000 });
    const calls = Array.from({ length: 10_001 }, (_, id) => many.execute(item(`${id}`), fail).catch(() => 0));
    await Promise.all(calls);
    await many.execute(item('good'), succeed);
    await expect(many.execute(item('0', 2), fail)).rejects.toThrow(PartnerUnavailableError);
    await expect(many.execute(item('10000', 2), fail)).rejects.toThrow(ItemFailedError);
  });
});

test.each<[unknown, number | undefined]>([
  ['3', 3_000],
  ['0', 0],
  ['999999999', 300_000],
  ['Fri, 27 Nov 2026 09:00:10 GMT', 10_000],
  ['Friday, 27-Nov-26 09:00:10 GMT', 10_000],
  ['Fri Nov 27 09:00:10 2026', 10_000],
  ['Fri, 27 Nov 2026 08:00:00 GMT', 0],
  ['Fri, 27 Nov 2126 08:00:00 GMT', 300_000],
  ['soon', undefined],
  ['-5', undefined],
  ['1e9', undefined],
  ['', undefined],
  [['3', '4'], undefined],
  [undefined, undefined],
])('Retry-After: %j asks for %s ms', (value, expected) => {
  expect(parseRetryAfter(value, Date.UTC(2026, 10, 27, 9))).toBe(expected);
});

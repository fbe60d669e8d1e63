import { judge, percentile, type Seen } from './judge.js';

const seen = (other: Partial<Seen> = {}): Seen => ({
  without: Array.from({ length: 100 }, () => 1),
  withPoison: Array.from({ length: 100 }, () => 2),
  settledAfter: new Map([
    ['shipped', 1],
    ['parked', 120],
  ]),
  cancelled: new Map([
    ['shipped', 409],
    ['parked', 200],
  ]),
  endedAs: new Map([
    ['shipped', 'DELIVERED'],
    ['parked', 'CANCELLED'],
  ]),
  ...other,
});

test('given orders that hurt only themselves, then the bar is met', () => {
  expect(judge(seen())).toEqual([]);
});

test('a percentile of what did not happen is never', () => {
  expect(percentile([1, 2, 3, undefined], 0.75)).toBe(3);
  expect(percentile([1, 2, 3, undefined], 0.99)).toBe(Infinity);
});

test.each<[string, Partial<Seen>]>([
  ['p99', { withPoison: Array.from({ length: 100 }, (_, index) => (index < 98 ? 1 : 2.1)) }],
  ['not shipped', { withPoison: [...Array.from({ length: 200 }, () => 1), undefined] }],
  ['neither at their end', { settledAfter: new Map([['parked', 121]]) }],
  ['neither at their end', { settledAfter: new Map([['parked', undefined]]) }],
  ['could not be cancelled', { cancelled: new Map([['parked', undefined]]) }],
  ['did not end', { endedAs: new Map([['parked', 'CANCELLING']]) }],
])('when %s, then it is missed', (miss, other) => {
  expect(judge(seen(other))).toEqual([expect.stringContaining(miss)]);
});

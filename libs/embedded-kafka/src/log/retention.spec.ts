import { expiredSegments } from './retention.js';

const now = 1_000_000;
const segment = (name: string, bytes: number, nextOffset: number, age: number) => ({
  name,
  bytes,
  nextOffset,
  maxTimestamp: now - age,
  createdAt: now,
});
const segments = [
  segment('a', 100, 10, 5000),
  segment('b', 100, 20, 3000),
  segment('c', 100, 30, 4000),
  segment('d', 50, 40, 10),
];
const unlimited = { retentionMs: -1, retentionBytes: -1 };

const expired = (limits: Partial<typeof unlimited>, startOffset = 0) =>
  expiredSegments(segments, { ...unlimited, ...limits }, startOffset, now).map(({ name }) => name);

test('without limits nothing goes', () => {
  expect(expired({})).toEqual([]);
});

test('old segments go from the front, until one is young enough', () => {
  expect(expired({ retentionMs: 3500 })).toEqual(['a']);
  expect(expired({ retentionMs: 2000 })).toEqual(['a', 'b', 'c']);
  expect(expired({ retentionMs: 0 })).toEqual(['a', 'b', 'c', 'd']);
});

test('as much goes as leaves at least the size to keep', () => {
  expect(expired({ retentionBytes: 350 })).toEqual([]);
  expect(expired({ retentionBytes: 250 })).toEqual(['a']);
  expect(expired({ retentionBytes: 249 })).toEqual(['a']);
  expect(expired({ retentionBytes: 50 })).toEqual(['a', 'b', 'c']);
  expect(expired({ retentionBytes: 0 })).toEqual(['a', 'b', 'c', 'd']);
});

test('what lies before the start of the log goes', () => {
  expect(expired({}, 25)).toEqual(['a', 'b']);
});

test('without a timestamp the age of the segment counts', () => {
  const timeless = { ...segment('t', 1, 1, 0), maxTimestamp: -1, createdAt: now - 100 };
  expect(expiredSegments([timeless], { ...unlimited, retentionMs: 99 }, 0, now)).toEqual([timeless]);
  expect(expiredSegments([timeless], { ...unlimited, retentionMs: 101 }, 0, now)).toEqual([]);
});

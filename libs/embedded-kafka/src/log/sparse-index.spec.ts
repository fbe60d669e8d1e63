import { SparseIndex } from './sparse-index.js';

const kibibyte = 1024;

const position = (index: SparseIndex, offset: number) => index.placeBefore(offset).position;

test('knows the start, and what it has learned at a distance', () => {
  const index = new SparseIndex(1000);
  expect(position(index, 5000)).toBe(0);
  index.learn(1100, 10 * kibibyte);
  index.learn(1700, 70 * kibibyte);
  index.learn(1710, 71 * kibibyte);
  index.learn(2500, 150 * kibibyte);
  expect(position(index, 1150)).toBe(0);
  expect(position(index, 1700)).toBe(70 * kibibyte);
  expect(position(index, 2499)).toBe(70 * kibibyte);
  expect(position(index, 9999)).toBe(150 * kibibyte);
});

test('learns in any order', () => {
  const index = new SparseIndex(0);
  index.learn(300, 300 * kibibyte);
  index.learn(100, 100 * kibibyte);
  index.learn(290, 290 * kibibyte);
  expect(position(index, 150)).toBe(100 * kibibyte);
  expect(position(index, 299)).toBe(100 * kibibyte);
  expect(position(index, 300)).toBe(300 * kibibyte);
});

test('remembers exactly where the last readers stopped', () => {
  const index = new SparseIndex(0);
  for (let reader = 1; reader <= 9; reader++) index.rememberStop(reader, reader);
  expect(position(index, 9)).toBe(9);
  expect(position(index, 1)).toBe(0);
});

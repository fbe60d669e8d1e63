import { backoffDelay } from './backoff.js';

const options = { initialDelay: 100, maxDelay: 5_000 };

test.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [7, 5_000],
  [1_000, 5_000],
])('after %i failures it is between half of and all of %i ms', (failures, ceiling) => {
  expect(backoffDelay(failures, options, () => 0)).toBe(ceiling / 2);
  expect(backoffDelay(failures, options, () => 1)).toBe(ceiling);
});

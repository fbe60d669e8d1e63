import { backoffDelay } from './backoff.js';

const options = { initial: 100, max: 5000 };

test.each([
  [1, 100],
  [2, 200],
  [3, 400],
  [7, 5000],
  [1000, 5000],
])('after %i failures waits between half of and all of %i ms', (failures, ceiling) => {
  expect(backoffDelay(failures, options, () => 0)).toBe(ceiling / 2);
  expect(backoffDelay(failures, options, () => 1)).toBe(ceiling);
});

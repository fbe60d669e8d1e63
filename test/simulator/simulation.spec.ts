import { MUTANTS } from './mutants/mutants.js';
import { simulate } from './simulation.js';

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

describe('the simulation', () => {
  test.each(SEEDS.slice(0, 5))('of seed %i is the same each time', async (seed) => {
    const first = await simulate(seed);
    const second = await simulate(seed);
    expect(second.trace()).toEqual(first.trace());
    expect(first.trace().length).toBeGreaterThan(100);
  });

  test('finds nothing wrong, and lets go wrong what can', async () => {
    const faults = new Set<string>();
    const statuses = new Set<string>();
    for (const seed of SEEDS) {
      const outcome = await simulate(seed);
      expect([seed, outcome.violation]).toEqual([seed, undefined]);
      for (const fault of outcome.faults.keys()) faults.add(fault);
      for (const status of outcome.statuses.keys()) statuses.add(status);
    }
    expect(faults.size).toBeGreaterThan(8);
    expect([...statuses].toSorted()).toEqual([
      'CANCELLED',
      'DELIVERED',
      'PAYMENT_FAILED',
      'REFUNDED',
      'REJECTED',
    ]);
  });

  test('fails with the invariant when there is a bug', async () => {
    const mutant = MUTANTS.find(({ name }) => name === 'compensation-twice');
    const violations = new Set<string>();
    for (const seed of SEEDS)
      violations.add((await simulate(seed, { mutant })).violation?.invariant ?? 'none');
    expect([...violations].some((one) => one.startsWith('I1') || one.startsWith('I5'))).toBe(true);
  });

  test('leaves time and chance as they were', async () => {
    await simulate(1);
    expect(new Date().getFullYear()).toBeLessThan(2_030);
    expect(Math.random()).not.toBe(Math.random());
  });
});

import fc from 'fast-check';
import { FAULT_KINDS, nameOf, VICTIMS, type Fault } from './fault.js';
import { planOf, ROUND, servicesAt } from './plan.js';
import { Random } from './random.js';

const seeds = fc.nat({ max: 1_000_000 });

test('the same seed gives the same plan, another seed another one', () => {
  fc.assert(fc.property(seeds, (seed) => expect(planOf(seed)).toEqual(planOf(seed))));
  const plans = new Set(Array.from({ length: 100 }, (_, seed) => JSON.stringify(planOf(seed).faults)));
  expect(plans.size).toBe(100);
});

test('wherever a run begins, a round of seeds brings every fault there is', () => {
  const names = (from: number): string[] =>
    Array.from({ length: ROUND }, (_, place) =>
      planOf(from + place).faults.map(({ fault }) => nameOf(fault)),
    ).flat();
  const all = new Set(Array.from({ length: 5 }, (_, round) => names(round * ROUND)).flat());
  for (const from of [0, 1, 17, 1_000]) expect(new Set(names(from))).toEqual(all);
  for (const kind of FAULT_KINDS) expect([...all].some((name) => name.startsWith(kind))).toBe(true);
  for (const victim of VICTIMS) {
    expect(all).toContain(`kill ${victim}`);
    expect(all).toContain(`freeze ${victim}`);
  }
});

test('a seed has two to four faults, of which the long ones are long enough', () => {
  const isSound = (fault: Fault): boolean => {
    if (fault.kind === 'freeze') return fault.seconds > 15;
    if (fault.kind === 'away') return fault.seconds === 60;
    return fault.kind !== 'crash' || servicesAt(fault.point).includes(fault.victim);
  };
  fc.assert(
    fc.property(seeds, (seed) => {
      const faults = planOf(seed).faults.map(({ fault }) => fault);
      expect(faults.length).toBeGreaterThanOrEqual(2);
      expect(faults.length).toBeLessThanOrEqual(4);
      expect(faults.filter((fault) => !isSound(fault))).toEqual([]);
    }),
  );
});

test('random numbers keep to their bounds and fill them', () => {
  const random = new Random(7);
  const drawn = Array.from({ length: 1_000 }, () => random.whole(3, 5));
  expect(new Set(drawn)).toEqual(new Set([3, 4, 5]));
  expect(new Set(random.shuffled([1, 2, 3]))).toEqual(new Set([1, 2, 3]));
});

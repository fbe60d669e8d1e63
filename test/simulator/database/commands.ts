import fc from 'fast-check';
import type { Call, Command } from './side-by-side.js';

/** A UUID by number. */
export const idOf = (number: number): string => `00000000-0000-4000-8000-${`${number}`.padStart(12, '0')}`;

/** A few ids, so that commands meet each other's rows. */
export const someId = fc.integer({ min: 1, max: 4 }).map(idOf);
export const someIds = fc.uniqueArray(someId, { minLength: 1, maxLength: 3 });

export const CAUSE = { correlationId: 'c' };

/** Milliseconds until something is due: at once, or not within a test. */
export const someDelay = fc.constantFrom(0, 3_600_000);

export const someFailures = fc.integer({ min: 0, max: 5 });
export const somePostponement = fc.record({
  delayMs: someDelay,
  error: fc.constant(new Error('no')),
  itemFailures: someFailures,
});
/** An item of a few attempts, so that it is sometimes the one that a process holds. */
export const someItem = (id: fc.Arbitrary<string>) =>
  fc.record({ id, attempts: fc.integer({ min: 0, max: 2 }) });
/** Of retries all are taken or none, since their order depends on moments. */
export const someTake = fc
  .oneof(
    fc.record({ limit: fc.integer({ min: 1, max: 4 }), retries: fc.constant(0) }),
    fc.constant({ limit: 4, retries: 4 }),
  )
  .map((request) => ({ ...request, leaseMs: 3_600_000, isTrial: false }));

export const callOf = (
  repository: string,
  method: string,
  ...args: readonly fc.Arbitrary<unknown>[]
): fc.Arbitrary<Call> => fc.tuple(...args).map((given) => ({ repository, method, args: given }));

/** Transactions of some calls, most of which commit, between calls that commit by themselves. */
export const commandsOf = (
  inTransaction: readonly fc.Arbitrary<Call>[],
  alone: readonly fc.Arbitrary<Call>[],
): fc.Arbitrary<Command[]> => {
  const transaction = fc.record({
    calls: fc.array(fc.oneof(...inTransaction), { minLength: 1, maxLength: 4 }),
    commit: fc.integer({ min: 0, max: 3 }).map((one) => one > 0),
  });
  return fc.array(fc.oneof({ arbitrary: transaction, weight: 2 }, ...alone), { minLength: 3, maxLength: 14 });
};

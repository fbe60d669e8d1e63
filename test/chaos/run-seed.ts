import { setTimeout as sleep } from 'node:timers/promises';
import { decisionsNotKept } from './invariants/decisions.js';
import { gather, type Evidence } from './invariants/evidence.js';
import { violationsOf, type Circumstances } from './invariants/invariants.js';
import { QUIET_TIMEOUT, untilQuiet } from './invariants/quiet.js';
import type { Violation } from './invariants/violation.js';
import { Operator } from './load/operator.js';
import { Poison } from './load/poison.js';
import { reconcile, reconcileWhile, startReconciling } from './load/reconcile.js';
import { longestCalm } from './load/recovery.js';
import { settleParked } from './load/settle-parked.js';
import { FORGOTTEN, Shopping, type Accepted } from './load/shopping.js';
import { Throughput } from './load/throughput.js';
import type { Options } from './options.js';
import { losesMessages, nameOf, restoredBy, type Fault, type Service } from './plan/fault.js';
import { planOf } from './plan/plan.js';
import { Random } from './plan/random.js';
import type { ChaosSystem } from './system/chaos-system.js';
import { strike } from './system/strike.js';

export interface Struck {
  readonly fault: Fault;
  /** Whether it really happened. */
  readonly fired: boolean;
  /**
   * Seconds that the system was left alone after its end before throughput was normal, see `longestCalm`; undefined when
   * it was not in time.
   */
  readonly recovery: number | undefined;
}

export interface SeedResult {
  readonly seed: number;
  readonly struck: readonly Struck[];
  /** Faults of the plan that cannot happen on this machine. */
  readonly skipped: readonly Fault[];
  /** Orders of this seed by what they were to be and what they became. */
  readonly ends: ReadonlyMap<string, number>;
  readonly placed: number;
  readonly succeeded: number;
  /** Seconds until everything was quiet after the load. */
  readonly quiet: number;
  /** Messages that nobody could handle, and decisions of the operator on their dead letters. */
  readonly poison: number;
  readonly decisions: number;
  readonly violations: readonly Violation[];
}

/** What a system carries from seed to seed. */
export interface History extends Circumstances {
  readonly accepted: Map<string, Accepted>;
  /** Pieces of each product before the first order. */
  readonly initial: ReadonlyMap<string, number>;
  messagesWereLost: boolean;
  readonly restored: Set<Service>;
}

/** Seconds within which throughput has to be normal again after the end of a fault. */
export const RECOVERY_BAR = 30;
/** Milliseconds for which normal throughput is waited for, before the first fault and after the last, and between looks. */
const WARM_UP_TIMEOUT = 30_000;
const RECOVERY_TIMEOUT = 60_000;
const LOOK_INTERVAL = 250;
/** Of so many seeds, one is reconciled while its faults strike. */
const RECONCILED = 4;
/** Milliseconds after which requests have to be answered. */
export const ANSWER_TIMEOUT = 60_000;

interface Strike {
  readonly fault: Fault;
  fired: boolean;
  begunAt: number;
  endedAt: number | undefined;
  normalAt: number | undefined;
  /** Why the harness could not let it happen. */
  error: Error | undefined;
}

/**
 * Runs one seed on a running system: load, faults, recovery, quiet, judgement. Leaves the system without faults and half-open
 * connections.
 *
 * @throws when it cannot be judged, because something could not be looked at.
 */
export async function runSeed(
  system: ChaosSystem,
  history: History,
  seed: number,
  { rate, kinds }: Pick<Options, 'rate' | 'kinds'>,
): Promise<SeedResult> {
  const { stack } = system;
  const [planned, skipped] = partition(planOf(seed, kinds).faults, ({ fault }) => system.allows(fault));
  const shopping = new Shopping(stack, `seed-${seed}`, new Random(seed ^ 0x5eed));
  const throughput = new Throughput(stack.database('order'), rate);
  const strikes: Strike[] = planned.map(({ fault }) => ({
    fault,
    fired: false,
    begunAt: 0,
    endedAt: undefined,
    normalAt: undefined,
    error: undefined,
  }));
  const violations: Violation[] = [];

  const poison = await Poison.start(stack);
  const operator = new Operator(stack, poison.accepted, new Random(seed ^ 0x0de5));
  const placing = setInterval(() => shopping.place(), 1_000 / rate);
  const stopping = new AbortController();
  const watching = watch(throughput, strikes, stopping.signal);
  try {
    if (!(await within(WARM_UP_TIMEOUT, () => throughput.normalSince(0) !== undefined)))
      violations.push(`recovery: throughput was not normal before the first fault`);
    // An operator may reconcile at any time; what is right stays as it is.
    if (seed % RECONCILED === 0) await startReconciling(stack);
    let before: Promise<void> = Promise.resolve();
    const running: Promise<void>[] = [];
    for (const [index, { after, alone, fault }] of planned.entries()) {
      if (alone) await before;
      await sleep(after * 1_000);
      const own = strikes[index] as Strike;
      own.begunAt = performance.now();
      if (losesMessages(fault)) history.messagesWereLost = true;
      for (const database of restoredBy(fault)) history.restored.add(database);
      before = strike(system, fault, { shopping, poison: poison.accepted })
        .then((fired) => {
          own.fired = fired;
        })
        .catch((error: Error) => {
          own.error = error;
        })
        .finally(() => {
          own.endedAt = performance.now();
        });
      running.push(before);
    }
    await Promise.all(running);
    await within(RECOVERY_TIMEOUT, () => strikes.every(({ normalAt }) => normalAt !== undefined));
  } finally {
    clearInterval(placing);
    stopping.abort();
    await watching;
    await Promise.all([poison.stop(), operator.stop()]);
  }

  const loadEnded = performance.now();
  const unanswered = await shopping.finish(ANSWER_TIMEOUT);
  if (unanswered.length > 0)
    violations.push(`I3: ${unanswered.length} requests are still not answered, among them ${unanswered[0]}`);
  for (const [id, order] of shopping.accepted) history.accepted.set(id, order);
  violations.push(...(await settled(stack, history, poison.accepted)));
  const quiet = (performance.now() - loadEnded) / 1_000;

  const evidence = await gather(stack);
  violations.push(
    ...violationsOf(evidence, history.accepted, history.initial, history),
    // An order that was forgotten cannot be cancelled, and placed again with its key it has another answer.
    ...shopping.problems.filter(
      (problem) =>
        !history.restored.has('order') || !(problem.startsWith('I9') || problem.startsWith(FORGOTTEN)),
    ),
  );
  violations.push(...operator.problems, ...decisionsNotKept(operator.decisions, evidence));
  for (const { fault, error } of strikes)
    if (error) violations.push(`the harness failed at ${nameOf(fault)}: ${error.message}`);
  const struck = strikes.map((one) => ({ ...one, recovery: recoveryOf(one, strikes) }));
  for (const { fault, recovery } of struck) {
    if (recovery === undefined || recovery > RECOVERY_BAR)
      violations.push(
        `recovery: ${nameOf(fault)}: ${recovery?.toFixed(1) ?? `more than ${RECOVERY_TIMEOUT / 1_000}`} s`,
      );
  }
  system.heal();
  return {
    seed,
    struck,
    skipped: skipped.map(({ fault }) => fault),
    ...endsOf(evidence, shopping),
    placed: shopping.placed,
    quiet,
    poison: poison.accepted.size,
    decisions: operator.decisions.size,
    violations,
  };
}

/**
 * Waits for quiet, where data was lost with the help of reconciliation, settles what waits for an operator, and waits until
 * that has ended; returns what does not.
 */
export async function settled(
  stack: ChaosSystem['stack'],
  { accepted, messagesWereLost }: History,
  poison: ReadonlySet<string>,
): Promise<Violation[]> {
  const problems = messagesWereLost ? await reconcile(stack) : [];
  // With its topic a dead letter may have gone before the desk has seen it.
  const expected = messagesWereLost ? new Set<string>() : poison;
  const quiet = async (mayWait: boolean): Promise<string | undefined> => {
    const waiting = untilQuiet(stack, expected, mayWait);
    return messagesWereLost ? reconcileWhile(stack, waiting) : waiting;
  };
  const unrest = await quiet(true);
  if (unrest) return [...problems, `not quiet after ${QUIET_TIMEOUT / 1_000} s: ${unrest}`];
  problems.push(...(await settleParked(stack, accepted)));
  const left = await quiet(false);
  if (left) problems.push(`not quiet ${QUIET_TIMEOUT / 1_000} s after the operator's decisions: ${left}`);
  return problems;
}

/** The result of a seed that could not be run, or not be judged. */
export const failedSeed = (seed: number, violation: Violation): SeedResult => ({
  seed,
  struck: [],
  skipped: [],
  ends: new Map(),
  placed: 0,
  succeeded: 0,
  quiet: 0,
  poison: 0,
  decisions: 0,
  violations: [violation],
});

/** Looks at the throughput until stopped, and notes for each fault that is over since when it was normal again. */
async function watch(
  throughput: Throughput,
  strikes: readonly Strike[],
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await throughput.look();
    for (const one of strikes)
      if (one.endedAt !== undefined) one.normalAt ??= throughput.normalSince(one.endedAt);
    await sleep(LOOK_INTERVAL);
  }
  throughput.close();
}

function recoveryOf(one: Strike, all: readonly Strike[]): number | undefined {
  if (one.endedAt === undefined || one.normalAt === undefined) return undefined;
  const others = all
    .filter((other) => other !== one && other.fired)
    .map(({ fault, begunAt, endedAt = Infinity }) => ({
      // A process that was only on its way to its crash point disturbed nobody.
      begin: fault.kind === 'crash' ? endedAt : begunAt,
      end: endedAt,
    }));
  return longestCalm(one.endedAt, one.normalAt, others) / 1_000;
}

/** Whether a condition holds within so many milliseconds. */
async function within(milliseconds: number, condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + milliseconds; performance.now() < end; await sleep(LOOK_INTERVAL))
    if (condition()) return true;
  return condition();
}

function partition<Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

export function endsOf(
  { orders }: Evidence,
  { accepted }: Shopping,
): { ends: Map<string, number>; succeeded: number } {
  const ends = new Map<string, number>();
  let succeeded = 0;
  for (const { id, status } of orders) {
    if (!accepted.has(id)) continue;
    ends.set(status, (ends.get(status) ?? 0) + 1);
    if (status === 'SHIPPED' || status === 'DELIVERED') succeeded++;
  }
  return { ends, succeeded };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { FINAL_STATUSES } from '@orderbridge/running-stack';
import { gather, kafkaLag, query, type Evidence } from './invariants/evidence.js';
import { violationsOf, type Violation } from './invariants/invariants.js';
import { Shopping, type Accepted } from './load/shopping.js';
import { Throughput } from './load/throughput.js';
import { nameOf, SERVICES, type Fault } from './plan/fault.js';
import { planOf } from './plan/plan.js';
import { Random } from './plan/random.js';
import type { ChaosSystem } from './system/chaos-system.js';
import { strike } from './system/strike.js';

export interface Struck {
  readonly fault: Fault;
  /** Whether it really happened. */
  readonly fired: boolean;
  /**
   * Seconds from its end, and from that of those that came before it was over with, to normal throughput; undefined
   * when that did not come back in time.
   */
  readonly recovery: number | undefined;
}

export interface SeedResult {
  readonly seed: number;
  readonly struck: readonly Struck[];
  /** Orders of this seed by what they were to be and what they became. */
  readonly ends: ReadonlyMap<string, number>;
  readonly placed: number;
  readonly succeeded: number;
  /** Seconds until everything was quiet after the load. */
  readonly quiet: number;
  readonly deadLetters: number;
  readonly violations: readonly Violation[];
}

/** What a system carries from seed to seed. */
export interface History {
  readonly accepted: Map<string, Accepted>;
  /** Pieces of each product before the first order. */
  readonly initial: ReadonlyMap<string, number>;
}

/** Seconds within which throughput has to be normal again. */
export const RECOVERY_BAR = 30;
/** Milliseconds of load before the first fault, between looks, and for which throughput is waited for at most. */
const WARM_UP = 2_500;
const LOOK_INTERVAL = 250;
const RECOVERY_TIMEOUT = 60_000;
/** Milliseconds after which requests have to be answered and the system has to be quiet: a partner that was away is asked again after a minute at most. */
const ANSWER_TIMEOUT = 60_000;
const QUIET_TIMEOUT = 150_000;

interface Strike {
  readonly fault: Fault;
  fired: boolean;
  endedAt: number | undefined;
  recovery: number | undefined;
}

/** Runs one seed on a running system: load, faults, recovery, quiet, judgement. */
export async function runSeed(
  system: ChaosSystem,
  history: History,
  seed: number,
  rate: number,
): Promise<SeedResult> {
  const { stack } = system;
  const plan = planOf(seed);
  const shopping = new Shopping(stack, `seed-${seed}`, new Random(seed ^ 0x5eed));
  const throughput = new Throughput(stack.database('order'), rate);
  const strikes: Strike[] = plan.faults.map(({ fault }) => ({
    fault,
    fired: false,
    endedAt: undefined,
    recovery: undefined,
  }));

  const placing = setInterval(() => shopping.place(), 1_000 / rate);
  const stopping = new AbortController();
  const watching = watch(throughput, strikes, stopping.signal);
  try {
    await sleep(WARM_UP);
    let before: Promise<void> = Promise.resolve();
    const running: Promise<void>[] = [];
    for (const [index, { after, alone, fault }] of plan.faults.entries()) {
      if (alone) await before;
      await sleep(after * 1_000);
      before = strike(system, fault).then((fired) => {
        const own = strikes[index] as Strike;
        own.fired = fired;
        own.endedAt = performance.now();
      });
      running.push(before);
    }
    await Promise.all(running);
    const end = performance.now() + RECOVERY_TIMEOUT;
    while (strikes.some(({ recovery }) => recovery === undefined) && performance.now() < end)
      await sleep(LOOK_INTERVAL);
  } finally {
    clearInterval(placing);
    stopping.abort();
    await watching;
  }

  const loadEnded = performance.now();
  const violations: Violation[] = [];
  const unanswered = await shopping.finish(ANSWER_TIMEOUT);
  if (unanswered.length > 0)
    violations.push(`I3: ${unanswered.length} requests are still not answered, among them ${unanswered[0]}`);
  for (const [id, order] of shopping.accepted) history.accepted.set(id, order);
  const unrest = await untilQuiet(system);
  if (unrest) violations.push(`not quiet after ${QUIET_TIMEOUT / 1_000} s: ${unrest}`);
  const quiet = (performance.now() - loadEnded) / 1_000;

  const evidence = await gather(stack);
  violations.push(...violationsOf(evidence, history.accepted, history.initial), ...shopping.problems);
  for (const { fault, recovery } of strikes) {
    if (recovery === undefined || recovery > RECOVERY_BAR)
      violations.push(
        `recovery: ${nameOf(fault)}: ${recovery?.toFixed(1) ?? `more than ${RECOVERY_TIMEOUT / 1_000}`} s`,
      );
  }
  return {
    seed,
    struck: strikes,
    ...endsOf(evidence, shopping),
    placed: shopping.placed,
    quiet,
    deadLetters: evidence.messages.filter(({ topic }) => topic.endsWith('.dlt')).length,
    violations,
  };
}

/** Looks at the throughput until stopped, and notes for each fault that is over when it was normal again. */
async function watch(
  throughput: Throughput,
  strikes: readonly Strike[],
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    await throughput.look();
    const ended = strikes.flatMap(({ endedAt }) => endedAt ?? []);
    const since = Math.max(...ended);
    const normal = ended.length > 0 ? throughput.normalSince(since) : undefined;
    for (const one of strikes) {
      if (normal !== undefined && one.endedAt !== undefined) one.recovery ??= (normal - since) / 1_000;
    }
    await sleep(LOOK_INTERVAL);
  }
  throughput.close();
}

/** Resolves when nothing is under way any more; with what still is when that takes too long. */
async function untilQuiet(system: ChaosSystem): Promise<string | undefined> {
  const end = performance.now() + QUIET_TIMEOUT;
  for (;;) {
    const unrest = await unrestOf(system).catch((error: unknown) => `cannot look: ${String(error)}`);
    if (unrest === undefined || performance.now() > end) return unrest;
    await sleep(LOOK_INTERVAL);
  }
}

async function unrestOf({ stack }: ChaosSystem): Promise<string | undefined> {
  const underWay = await query<{ status: string; count: number }>(
    stack,
    'order',
    `SELECT status, count(*)::int AS count FROM orders
     WHERE status NOT IN (${FINAL_STATUSES.map((status) => `'${status}'`).join(', ')}) GROUP BY status`,
  );
  if (underWay.length > 0)
    return `orders are ${underWay.map(({ status, count }) => `${status} (${count})`).join(', ')}`;
  for (const service of SERVICES) {
    const [outbox] = await query<{ count: number }>(
      stack,
      service,
      'SELECT count(*)::int AS count FROM outbox',
    );
    if (outbox?.count) return `${outbox.count} messages in the outbox of ${service}`;
  }
  const open = [
    ...(await query<{ status: string }>(
      stack,
      'payment',
      `SELECT status FROM payment WHERE status IN ('PENDING', 'REFUNDING')`,
    )),
    ...(await query<{ status: string }>(
      stack,
      'shipping',
      `SELECT status FROM shipment WHERE status IN ('REQUESTED', 'VOIDING')`,
    )),
    ...(await query<{ status: string }>(
      stack,
      'inventory',
      `SELECT status FROM reservation WHERE status = 'RESERVED'`,
    )),
  ];
  if (open.length > 0) return `${open.length} open, the first one ${open[0]?.status}`;
  const lag = await kafkaLag(stack);
  return lag > 0 ? `${lag} messages not taken from Kafka` : undefined;
}

function endsOf(
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

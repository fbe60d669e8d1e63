import { setTimeout as sleep } from 'node:timers/promises';
import { gather } from '../invariants/evidence.js';
import { violationsOf } from '../invariants/invariants.js';
import type { Violation } from '../invariants/violation.js';
import { Shopping } from '../load/shopping.js';
import type { Options } from '../options.js';
import { Random } from '../plan/random.js';
import { ANSWER_TIMEOUT, endsOf, failedSeed, settled, type History, type SeedResult } from '../run-seed.js';
import type { ChaosSystem } from '../system/chaos-system.js';

/** Milliseconds of load before the power is cut, after the system was ready. */
const LEAST_LOAD_MS = 1_500;
const MOST_LOAD_MS = 6_000;

/**
 * Cuts the power of a running system in the middle of load, so many times: SIGKILL to all processes at once, brokers,
 * database, partners and `npm start` itself included, then a start on the same data. Afterwards waits for quiet and judges
 * the whole run. Customers who got no answer ask again with the same key, also across cuts.
 */
export async function runPowerCuts(
  system: ChaosSystem,
  history: History,
  seed: number,
  { rate, powerCuts }: Pick<Options, 'rate' | 'powerCuts'>,
  say: (line: string) => void,
): Promise<SeedResult> {
  const { stack } = system;
  const random = new Random(seed ^ 0x90e2);
  const shopping = new Shopping(stack, `power-cuts-${seed}`, new Random(seed ^ 0x5eed));
  const violations: Violation[] = [];
  for (let round = 1; round <= powerCuts; round++) {
    const placing = setInterval(() => shopping.place(), 1_000 / rate);
    await sleep(random.between(LEAST_LOAD_MS, MOST_LOAD_MS));
    clearInterval(placing);
    const killed = await system.cutPower();
    const cutAt = performance.now();
    try {
      await system.startAgain();
    } catch (error) {
      return failedSeed(seed, `power cut ${round}: ${(error as Error).message}`);
    }
    const seconds = ((performance.now() - cutAt) / 1_000).toFixed(1);
    say(`power cut ${round} of ${powerCuts}: ${killed} processes killed, ready again after ${seconds} s`);
  }
  const unanswered = await shopping.finish(ANSWER_TIMEOUT);
  if (unanswered.length > 0)
    violations.push(`I3: ${unanswered.length} requests are still not answered, among them ${unanswered[0]}`);
  for (const [id, order] of shopping.accepted) history.accepted.set(id, order);
  const loadEnded = performance.now();
  violations.push(...(await settled(stack, history, new Set())));
  const quiet = (performance.now() - loadEnded) / 1_000;
  const evidence = await gather(stack);
  violations.push(
    ...violationsOf(evidence, history.accepted, history.initial, history),
    ...shopping.problems,
  );
  return {
    seed,
    struck: [],
    skipped: [],
    poison: 0,
    decisions: 0,
    ...endsOf(evidence, shopping),
    placed: shopping.placed,
    quiet,
    violations,
  };
}

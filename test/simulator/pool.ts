import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Fault } from './faults.js';

/** What a thread is asked for: seeds with a mutant or none. */
export interface Job {
  readonly from: number;
  readonly seeds: number;
  readonly mode: 'safety' | 'liveness';
  readonly mutant: string | undefined;
}

/** A run as threads tell of it. */
export interface Result {
  readonly seed: number;
  readonly steps: number;
  readonly violation: { readonly invariant: string; readonly detail: string } | undefined;
  /** The end of what happened; empty when all is well. */
  readonly trace: readonly string[];
  readonly statuses: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<Fault, number>;
}

/** Seeds that a thread gets at a time. */
const SHARE = 50;

/**
 * Runs seeds on all processors and tells of each as it ends, in no order.
 *
 * @param told says whether more is wanted.
 * @throws Error when a thread dies.
 */
export async function runSeeds(job: Job, told: (result: Result) => boolean): Promise<void> {
  const end = job.from + job.seeds;
  let next = job.from;
  let wanted = true;
  const threads = Array.from(
    { length: Math.min(availableParallelism(), Math.ceil(job.seeds / SHARE)) },
    () => {
      const worker = new Worker(new URL('worker.js', import.meta.url));
      return new Promise<void>((resolve, reject) => {
        let inHand = 0;
        const give = (): void => {
          if (!wanted || next >= end) {
            resolve();
            void worker.terminate();
            return;
          }
          inHand = Math.min(SHARE, end - next);
          worker.postMessage({ ...job, from: next, seeds: inHand } satisfies Job);
          next += inHand;
        };
        worker.on('message', (result: Result) => {
          wanted &&= told(result);
          inHand--;
          if (inHand === 0 || !wanted) give();
        });
        worker.on('error', reject);
        give();
      });
    },
  );
  await Promise.all(threads);
}

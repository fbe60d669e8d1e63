import { parentPort } from 'node:worker_threads';
import { MUTANTS } from './mutants/mutants.js';
import type { Job, Result } from './pool.js';
import { simulate } from './simulation.js';

/** Lines of a trace that are told of a run that failed. */
const END = 60;

parentPort?.on('message', ({ from, seeds, mode, mutant: name }: Job) => {
  void (async () => {
    const mutant = MUTANTS.find((one) => one.name === name);
    for (let seed = from; seed < from + seeds; seed++) {
      const { steps, violation, statuses, faults, trace } = await simulate(seed, { mode, mutant });
      parentPort?.postMessage({
        seed,
        steps,
        violation: violation && { invariant: violation.invariant, detail: violation.message },
        trace: violation ? trace(END) : [],
        statuses,
        faults,
      } satisfies Result);
    }
  })();
});

import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '@orderbridge/running-stack';
import { SERVICES, type Service } from '../plan/fault.js';
import { answered } from './answered.js';

/** Milliseconds after which an answer counts as lost, between two looks, and within which a run has to be over. */
const ANSWER_TIMEOUT = 5_000;
const LOOK_INTERVAL = 500;
const RUN_TIMEOUT = 120_000;
/** Milliseconds between two runs, as the services themselves would start them. */
const REPEAT_INTERVAL = 30_000;

/** Asks all services to compare with each other and with the partners; resolves when that is accepted, or was not possible. */
export async function startReconciling(stack: RunningStack): Promise<void> {
  await Promise.all(SERVICES.map((service) => start(stack, service)));
}

/** Reconciles all services, as an operator does after data was lost; resolves with what did not come to its end. */
export async function reconcile(stack: RunningStack): Promise<string[]> {
  const problems = await Promise.all(
    SERVICES.map(async (service) => {
      let last = 'nothing';
      for (const end = performance.now() + RUN_TIMEOUT; performance.now() < end; await sleep(LOOK_INTERVAL)) {
        const status = last === 'nothing' ? await start(stack, service) : undefined;
        if (status !== undefined && status < 300) last = 'running';
        if (status === 404) return `${service} cannot be reconciled`;
        const shown = await answered(stack.get(service, '/reconcile'), ANSWER_TIMEOUT);
        if (last === 'running' && shown?.status === 200 && shown.body.status === 'finished') return undefined;
      }
      return `${service} has not reconciled within ${RUN_TIMEOUT / 1_000} s`;
    }),
  );
  return problems.filter((problem) => problem !== undefined);
}

/** Reconciles again and again while something is waited for; a repair may need one of another service. */
export async function reconcileWhile<Result>(stack: RunningStack, waiting: Promise<Result>): Promise<Result> {
  const done = new AbortController();
  const repeating = (async () => {
    while (!done.signal.aborted) {
      await sleep(REPEAT_INTERVAL, undefined, { signal: done.signal }).catch(() => undefined);
      if (!done.signal.aborted) await startReconciling(stack);
    }
  })();
  try {
    return await waiting;
  } finally {
    done.abort();
    await repeating;
  }
}

async function start(stack: RunningStack, service: Service): Promise<number | undefined> {
  return (await answered(stack.post(service, '/reconcile', {}, {}, ANSWER_TIMEOUT), 2 * ANSWER_TIMEOUT))
    ?.status;
}

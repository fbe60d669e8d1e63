import { setTimeout as sleep } from 'node:timers/promises';
import type { Orders } from './orders.js';

const nothing = (): Promise<void> => Promise.resolve();

/**
 * Keeps so many orders under way: when one has ended, the next is placed. Calls `measure` around the given seconds,
 * after `settle` seconds of the same load. Resolves with the orders that ended in them.
 */
export async function closedLoop(
  orders: Orders,
  inFlight: number,
  seconds: { readonly settle: number; readonly measured: number },
  measure: { begin: () => Promise<void>; end: () => Promise<void> } = { begin: nothing, end: nothing },
): Promise<{ finished: number; seconds: number }> {
  let stopping = false;
  let failure: unknown;
  const place = (): void => {
    orders.place().catch((error: unknown) => {
      failure ??= error;
    });
  };
  orders.onFinished = () => {
    if (!stopping) place();
  };
  for (let started = 0; started < inFlight; started++) place();
  await sleep(seconds.settle * 1_000);

  await measure.begin();
  const [before, begun] = [orders.finished, performance.now()];
  await sleep(seconds.measured * 1_000);
  const result = { finished: orders.finished - before, seconds: (performance.now() - begun) / 1_000 };
  await measure.end();

  stopping = true;
  await drained(orders);
  if (failure) throw failure;
  return result;
}

/** Resolves when every accepted order has ended. */
export async function drained(orders: Orders): Promise<void> {
  while (orders.finished < orders.accepted.size) await sleep(100);
}

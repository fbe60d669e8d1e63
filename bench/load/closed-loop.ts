import { setTimeout as sleep } from 'node:timers/promises';
import type { Orders } from './orders.js';

/**
 * Keeps so many orders under way: when one has shipped, the next is placed. Calls `measure` around the given seconds,
 * after `settle` seconds of the same load. Resolves with the orders that shipped in them.
 */
export async function closedLoop(
  orders: Orders,
  inFlight: number,
  seconds: { readonly settle: number; readonly measured: number },
  measure: { begin: () => Promise<void>; end: () => Promise<void> },
): Promise<{ shipped: number; seconds: number }> {
  let stopping = false;
  let failure: unknown;
  const place = (): void => {
    orders.place().catch((error: unknown) => {
      failure ??= error;
    });
  };
  orders.onShipped = () => {
    if (!stopping) place();
  };
  for (let started = 0; started < inFlight; started++) place();
  await sleep(seconds.settle * 1_000);

  await measure.begin();
  const [before, begun] = [orders.shipped, performance.now()];
  await sleep(seconds.measured * 1_000);
  const result = { shipped: orders.shipped - before, seconds: (performance.now() - begun) / 1_000 };
  await measure.end();

  stopping = true;
  await drained(orders);
  if (failure) throw failure;
  return result;
}

/** Resolves when every accepted order has shipped. */
export async function drained(orders: Orders): Promise<void> {
  for (let last = -1; orders.shipped < orders.accepted.length; await sleep(100)) {
    if (orders.shipped !== last) last = orders.shipped;
  }
}

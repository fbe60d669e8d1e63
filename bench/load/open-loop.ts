import { setTimeout as sleep } from 'node:timers/promises';
import { drained } from './closed-loop.js';
import type { Orders } from './orders.js';

export interface Latencies {
  /** Milliseconds from the time an order was due to the answer of POST /orders. */
  readonly accepted: number[];
  /** Milliseconds from the time an order was due to its shipping. */
  readonly shipped: number[];
}

/**
 * Places orders at a fixed rate, whatever happens to those before: latency counts from the time each was due. Those of
 * the first `settle` seconds do not count.
 */
export async function openLoop(
  orders: Orders,
  rate: number,
  seconds: { readonly settle: number; readonly measured: number },
): Promise<Latencies> {
  const due = new Map<string, number>();
  const early = new Map<string, number>();
  const latencies: Latencies = { accepted: [], shipped: [] };
  const begun = performance.now();
  const counts = (wanted: number): boolean => wanted >= begun + seconds.settle * 1_000;
  const settle = (orderId: string, at: number, wanted: number): void => {
    if (counts(wanted)) latencies.shipped.push(at - wanted);
    due.delete(orderId);
  };
  orders.onFinished = (orderId, at) => {
    const wanted = due.get(orderId);
    if (wanted === undefined) early.set(orderId, at);
    else settle(orderId, at, wanted);
  };
  const placing: Promise<void>[] = [];
  for (let n = 0; n < rate * (seconds.settle + seconds.measured); n++) {
    const wanted = begun + (n * 1_000) / rate;
    const wait = wanted - performance.now();
    if (wait > 0) await sleep(wait);
    placing.push(
      orders.place().then((orderId) => {
        if (counts(wanted)) latencies.accepted.push(performance.now() - wanted);
        const at = early.get(orderId);
        if (at === undefined) due.set(orderId, wanted);
        else settle(orderId, at, wanted);
      }),
    );
  }
  await Promise.all(placing);
  await drained(orders);
  return latencies;
}

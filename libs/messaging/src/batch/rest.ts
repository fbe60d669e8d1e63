import type { Clock } from '../time/clock.js';

/** Milliseconds of a rest at the most. */
const LONGEST = 50;

/**
 * Waits as long as the work took that began at a time of the clock, 50 ms at the most. Between two batches that follow
 * each other it keeps them large: who goes on at once takes the little that has come meanwhile, and makes it cost as
 * much as a lot.
 */
export async function restAsLongAsSince(begun: number, clock: Clock, signal?: AbortSignal): Promise<void> {
  const rest = Math.min(clock.now() - begun, LONGEST);
  if (rest > 0) await clock.sleep(rest, signal);
}

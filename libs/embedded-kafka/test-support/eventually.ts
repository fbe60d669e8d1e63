import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a condition holds; the test's own time-out ends the wait for one that never does. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}

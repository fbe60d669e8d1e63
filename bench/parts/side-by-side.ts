import { closedLoop } from '../load/closed-loop.js';
import type { Load } from '../load/order-kinds.js';
import type { Orders } from '../load/orders.js';

const ROUNDS = 3;
const SETTLE = 2;

/**
 * Orders per second of two loads in closed loops, in short phases that take turns, so that what else happens on the
 * machine hits both.
 */
export async function sideBySide(
  orders: Orders,
  inFlight: number,
  seconds: number,
  loads: readonly [Load, Load],
): Promise<[number, number]> {
  const finished: [number, number] = [0, 0];
  const elapsed: [number, number] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    // The second goes first in every other round: neither always follows the other.
    for (const which of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      orders.load = loads[which];
      const phase = await closedLoop(orders, inFlight, { settle: SETTLE, measured: seconds / 2 });
      finished[which] += phase.finished;
      elapsed[which] += phase.seconds;
    }
  }
  return [finished[0] / elapsed[0], finished[1] / elapsed[1]];
}

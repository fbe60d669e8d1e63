import { TERMINAL } from '../../simulator/allowed-moves.js';

/** What became of the orders. Seconds are undefined where it did not happen. */
export interface Seen {
  /** Of good orders, from placed to shipped: those that were alone, and those with poison among them. */
  readonly without: readonly (number | undefined)[];
  readonly withPoison: readonly (number | undefined)[];
  /** By poison order, until it was at its end or parked. */
  readonly settledAfter: ReadonlyMap<string, number | undefined>;
  /** What was answered to its cancellation, undefined where nothing was. */
  readonly cancelled: ReadonlyMap<string, number | undefined>;
  /** Its status some time after that. */
  readonly endedAs: ReadonlyMap<string, string>;
}

/** How many times longer good orders may take. */
const SLOWER = 2;
/** Seconds in which the others are at their ends or parked. */
export const SETTLED = 120;

/** Smallest value that a share of all does not exceed; Infinity where it did not happen. */
export function percentile(seconds: readonly (number | undefined)[], share: number): number {
  const sorted = seconds.map((value) => value ?? Infinity).toSorted((one, other) => one - other);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}

/** Which parts of the bar were missed. */
export function judge({ without, withPoison, settledAfter, cancelled, endedAs }: Seen): string[] {
  const misses: string[] = [];
  const [alone, among] = [percentile(without, 0.99), percentile(withPoison, 0.99)];
  const unshipped = [...without, ...withPoison].filter((seconds) => seconds === undefined).length;
  if (unshipped > 0) misses.push(`${unshipped} good orders were not shipped`);
  if (!(among <= SLOWER * alone))
    misses.push(
      `p99 of good orders is ${among.toFixed(2)} s with poison, more than ${SLOWER} x ${alone.toFixed(2)} s`,
    );
  const late = [...settledAfter].filter(([, seconds]) => !(seconds !== undefined && seconds <= SETTLED));
  if (late.length > 0)
    misses.push(
      `${late.length} poison orders were neither at their end nor parked after ${SETTLED} s, ${late[0]?.[0]}`,
    );
  const refused = [...cancelled].filter(
    ([id, status]) => status !== 200 && !(status === 409 && endedAs.get(id) !== 'CANCELLING'),
  );
  if (refused.length > 0)
    misses.push(`${refused.length} poison orders could not be cancelled, ${refused[0]?.join(': ')}`);
  const left = [...endedAs].filter(([, status]) => !TERMINAL.has(status) && status !== 'SHIPPED');
  if (left.length > 0)
    misses.push(`${left.length} poison orders did not end after they were cancelled, ${left[0]?.join(': ')}`);
  return misses;
}

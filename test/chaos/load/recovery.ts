/** When a fault struck and when it was over. */
export interface Span {
  readonly begin: number;
  readonly end: number;
}

/**
 * How long the system was left alone without becoming normal: the longest stretch between the end of a fault and normal
 * throughput in which no other fault struck. A fault that strikes before the system is over with the one before starts the
 * clock anew, but hides nothing: what was too long before it stays too long. All in one unit.
 */
export function longestCalm(from: number, normal: number, others: readonly Span[]): number {
  let [longest, calmSince] = [0, from];
  for (const { begin, end } of others.toSorted((one, other) => one.begin - other.begin)) {
    if (end < from || begin > normal) continue;
    longest = Math.max(longest, begin - calmSince);
    calmSince = Math.max(calmSince, end);
  }
  return Math.max(longest, normal - calmSince);
}

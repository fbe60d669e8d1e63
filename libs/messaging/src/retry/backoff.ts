export interface BackoffOptions {
  /** Milliseconds before the first repetition. */
  readonly initial: number;
  /** Most milliseconds between two repetitions. */
  readonly max: number;
}

/**
 * Milliseconds to wait after the given number of failures (1 or more): doubles each time up to the maximum, of
 * which a random half is taken off, so that those who failed together do not come back together.
 */
export function backoffDelay(
  failures: number,
  { initial, max }: BackoffOptions,
  random = Math.random,
): number {
  const ceiling = Math.min(max, initial * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

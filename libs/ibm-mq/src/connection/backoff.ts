export interface BackoffOptions {
  /** Milliseconds before the first repetition. */
  readonly initialDelay: number;
  /** Most milliseconds before a repetition. */
  readonly maxDelay: number;
}

/**
 * Milliseconds to wait after a number of failures in a row (1 or more): doubles each time up to the maximum, of which
 * a random half is taken off, so that those who failed together do not come back together.
 */
export function backoffDelay(failures: number, options: BackoffOptions, random = Math.random): number {
  const ceiling = Math.min(options.maxDelay, options.initialDelay * 2 ** Math.min(failures - 1, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
}

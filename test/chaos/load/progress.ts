interface Sample {
  readonly at: number;
  readonly done: number;
}

/** Milliseconds of one window, how many of them follow each other, and the share of what is placed that is normal. */
const WINDOW = 2_000;
const WINDOWS = 2;
const NORMAL = 0.8;

/** What counts as normal throughput, for the report. */
export const NORMAL_IN_WORDS = `at least ${NORMAL * 100} % of the orders that are placed come to their ends, in ${WINDOWS} windows of ${WINDOW / 1_000} s in a row`;

/** How many orders have come to their ends, looked at from time to time. Times are milliseconds of one clock. */
export class Progress {
  readonly #samples: Sample[] = [];

  constructor(
    /** Orders placed per second. */
    private readonly rate: number,
  ) {}

  add(at: number, done: number): void {
    this.#samples.push({ at, done });
    // One that is older than all windows is what the first of them is measured from.
    while (this.#samples[1] && this.#samples[1].at <= at - 2 * WINDOWS * WINDOW) this.#samples.shift();
  }

  /**
   * Since when throughput is normal, by the windows that end with the last look; undefined when it is not in all of them,
   * or when they began before `since`. One window would not do: what was under way when a fault struck can fill it.
   */
  normalSince(since: number): number | undefined {
    let end = this.#samples.at(-1);
    for (let window = 0; window < WINDOWS; window++) {
      const last = end;
      const first = last && this.#samples.findLast(({ at }) => at <= last.at - WINDOW);
      if (!first || first.at < since) return undefined;
      if (last.done - first.done < (NORMAL * this.rate * (last.at - first.at)) / 1_000) return undefined;
      end = first;
    }
    return end?.at;
  }
}

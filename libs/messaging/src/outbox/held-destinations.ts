import { backoffDelay } from '../retry/backoff.js';
import type { Clock } from '../time/clock.js';

interface Held {
  failures: number;
  /** By the clock. */
  until: number;
}

const RETRY = { initial: 200, max: 30_000 };

/** Destinations of one broker that do not take messages at the moment, each with a back-off of its own. */
export class HeldDestinations {
  readonly #held = new Map<string, Held>();

  constructor(private readonly clock: Clock) {}

  /** Those whose back-off has not passed. */
  get names(): string[] {
    const now = this.clock.now();
    return [...this.#held].filter(([, { until }]) => until > now).map(([name]) => name);
  }

  /** Milliseconds until the first of them is tried again; Infinity when there is none. */
  get nextMs(): number {
    const now = this.clock.now();
    const waits = [...this.#held.values()].map(({ until }) => until - now).filter((ms) => ms > 0);
    return Math.min(...waits);
  }

  /** Counts one failure more, and returns how many there were in a row. */
  failed(name: string): number {
    const failures = (this.#held.get(name)?.failures ?? 0) + 1;
    this.#held.set(name, { failures, until: this.clock.now() + backoffDelay(failures, RETRY) });
    return failures;
  }

  /** A message was published. */
  works(name: string): void {
    this.#held.delete(name);
  }
}

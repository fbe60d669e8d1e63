import { Logger } from '@nestjs/common';
import type { Readiness } from '@orderbridge/service';
import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { Counter, Gauge } from 'prom-client';

export type CircuitBreakerState = 'closed' | 'half-open' | 'open';

export interface CircuitBreakerOptions {
  /** Failures in a row after which the partner is given a rest. Default 5. */
  readonly failures?: number;
  /** Milliseconds of the rest, after which one call tries the partner. Default 2,000. */
  readonly rest?: number;
  /** Whether an error says that the partner is in trouble, rather than that it refused. Default: every error does. */
  readonly isFailure?: (error: Error) => boolean;
}

const STATES: Readonly<Record<CircuitState, CircuitBreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
};
const VALUES: Readonly<Record<CircuitBreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

const state = new Gauge({
  name: 'circuit_breaker_state',
  help: 'Circuit breaker in front of a partner: 0 closed, 1 half-open (one call tries), 2 open (no calls)',
  labelNames: ['partner'],
});
const openings = new Counter({
  name: 'circuit_breaker_openings_total',
  help: 'How often the circuit breaker opened, trials that failed included',
  labelNames: ['partner'],
});

/**
 * Spares a partner that is in trouble: after some failures in a row no call is made for a while; then one call tries,
 * and the others follow when it succeeds. Its state is in the metrics and the log. One per partner and process.
 */
export class CircuitBreaker {
  readonly #partner: string;
  readonly #rest: number;
  readonly #policy: CircuitBreakerPolicy;
  readonly #logger = new Logger(CircuitBreaker.name);
  #openedAt = 0;

  constructor(
    partner: string,
    { failures = 5, rest = 2_000, isFailure = () => true }: CircuitBreakerOptions = {},
  ) {
    this.#partner = partner;
    this.#rest = rest;
    this.#policy = circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: rest,
      breaker: new ConsecutiveBreaker(failures),
    });
    this.#policy.onStateChange(() => this.#changed());
    state.set({ partner }, 0);
    openings.inc({ partner }, 0);
  }

  get state(): CircuitBreakerState {
    return STATES[this.#policy.state];
  }

  /**
   * How many calls are worth beginning now: none while the partner rests or is being tried, one when the rest is over,
   * any number otherwise.
   */
  get capacity(): number {
    if (this.state === 'closed') return Infinity;
    return this.state === 'open' && Date.now() - this.#openedAt >= this.#rest ? 1 : 0;
  }

  /**
   * Calls the partner, or waits for the call that tries it.
   *
   * @throws BrokenCircuitError while the partner is given a rest; what `call` throws.
   */
  execute<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.#policy.execute(call);
  }

  /** Shows its state at /health/ready, where it decides nothing: a service whose partner is away takes work and waits. */
  shownIn(readiness: Readiness): this {
    readiness.inform(`circuit-breaker ${this.#partner}`, () => ({ state: this.state }));
    return this;
  }

  #changed(): void {
    const [partner, current] = [this.#partner, this.state];
    state.set({ partner }, VALUES[current]);
    if (current === 'open') {
      this.#openedAt = Date.now();
      openings.inc({ partner });
      this.#logger.warn({ partner, rest: this.#rest, message: `The circuit breaker of ${partner} is open` });
    } else if (current === 'closed') {
      this.#logger.log({ partner, message: `The circuit breaker of ${partner} is closed again` });
    }
  }
}

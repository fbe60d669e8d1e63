import { SYSTEM_CLOCK, type Clock } from '@orderbridge/messaging';
import { CircuitOpenError } from './partner-errors.js';

export type CircuitBreakerState = 'closed' | 'half-open' | 'open';

export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. Default 5. */
  readonly failures?: number;
  /** Milliseconds of the first cool-down; each trial that fails doubles it. Default 250. */
  readonly coolDownMs?: number;
  /** The longest cool-down, in milliseconds. Default 2,000. */
  readonly maxCoolDownMs?: number;
  /** Most trial calls at the same time after a cool-down. Default 3, so that one bad item does not decide alone. */
  readonly trials?: number;
  /**
   * Milliseconds after a cool-down in which no call begins until the circuit closes by itself: nothing waits for the
   * partner here. Longer than what waits ever pauses between two attempts. Default 60,000.
   */
  readonly idleMs?: number;
  readonly clock?: Clock;
  readonly onStateChange?: (state: CircuitBreakerState) => void;
}

/**
 * Spares a partner that is in trouble: failures in a row open the circuit, and no call is made for a cool-down; then a few
 * trial calls are, and the first success, whichever call's, closes it. So does a while in which nobody has anything to try.
 */
export class CircuitBreaker {
  readonly #options: Required<CircuitBreakerOptions>;
  #state: CircuitBreakerState = 'closed';
  #failuresInARow = 0;
  #coolDownMs: number;
  #openUntil = 0;
  #trialsInFlight = 0;

  constructor(
    private readonly name: string,
    options: CircuitBreakerOptions = {},
  ) {
    this.#options = {
      failures: 5,
      coolDownMs: 250,
      maxCoolDownMs: 2_000,
      trials: 3,
      idleMs: 60_000,
      clock: SYSTEM_CLOCK,
      onStateChange: () => undefined,
      ...options,
    };
    this.#coolDownMs = this.#options.coolDownMs;
  }

  get state(): CircuitBreakerState {
    this.#closeWhenIdle();
    return this.#state;
  }

  /** How many calls may begin now: any number while closed, none in the cool-down, a few trials after it. */
  get capacity(): number {
    if (this.state === 'closed') return Infinity;
    if (this.#options.clock.now() < this.#openUntil) return 0;
    return Math.max(0, this.#options.trials - this.#trialsInFlight);
  }

  /**
   * Begins a call. Whoever does says how it ended, once, by what is returned.
   *
   * @throws CircuitOpenError when no call may begin.
   */
  begin(): CallInFlight {
    if (this.capacity === 0) throw new CircuitOpenError(this.name);
    const isTrial = this.#state !== 'closed';
    if (isTrial) {
      this.#trialsInFlight++;
      this.#become('half-open');
    }
    const end = (): void => {
      if (isTrial) this.#trialsInFlight--;
    };
    return {
      succeeded: () => {
        end();
        this.close();
      },
      failed: (retryAfterMs) => {
        end();
        this.#failed(retryAfterMs);
      },
      undecided: () => {
        end();
        if (this.#state !== 'half-open' || this.#trialsInFlight > 0) return;
        this.#coolDownMs = this.#options.coolDownMs;
        this.#open(0);
      },
    };
  }

  #closeWhenIdle(): void {
    if (this.#state !== 'open') return;
    if (this.#options.clock.now() >= this.#openUntil + this.#options.idleMs) this.close();
  }

  /** Closes the circuit: the partner is known to be well by something else than a call. */
  close(): void {
    this.#failuresInARow = 0;
    this.#coolDownMs = this.#options.coolDownMs;
    this.#become('closed');
  }

  #failed(retryAfterMs = 0): void {
    this.#failuresInARow++;
    if (this.#state === 'closed' && this.#failuresInARow >= this.#options.failures) this.#open(retryAfterMs);
    else if (this.#state === 'half-open') {
      this.#coolDownMs = Math.min(this.#coolDownMs * 2, this.#options.maxCoolDownMs);
      this.#open(retryAfterMs);
    }
  }

  #open(atLeastMs: number): void {
    this.#openUntil = this.#options.clock.now() + Math.max(this.#coolDownMs, atLeastMs);
    this.#become('open');
  }

  #become(state: CircuitBreakerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onStateChange(state);
  }
}

/** How a call ended. */
export interface CallInFlight {
  /** The partner did what was asked, or refused in its own form: it is well. */
  succeeded(): void;
  /** The partner is in trouble; `retryAfterMs` is the pause that it asks for. */
  failed(retryAfterMs?: number): void;
  /** The item failed by itself: neither success nor failure of the partner, which may be tried again soon. */
  undecided(): void;
}

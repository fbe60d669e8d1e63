import { PermanentError } from '@orderbridge/messaging';
import { CircuitBreaker, type CircuitBreakerOptions, type CircuitBreakerState } from './circuit-breaker.js';
import { ItemFailedError, PartnerUnavailableError } from './partner-errors.js';

/** How many calls are worth beginning now. */
export interface Capacity {
  readonly items: number;
  /** Most of them that may be retries. Default: any. */
  readonly retries?: number;
  /** The calls are to find out whether the partner is well again. */
  readonly isTrial?: boolean;
}

/** What is called for: a work item, as far as it matters here. */
export interface CalledFor {
  readonly id: string;
  /** This one included. */
  readonly attempts: number;
}

export interface CallContext {
  /**
   * Whether the partner has answered another question about this item within this attempt, such as a lookup: then it can
   * be reached, and is well as far as can be seen.
   */
  readonly hasAnswered?: boolean;
}

/** Most items whose last failure is remembered; the oldest are forgotten. */
const MAX_REMEMBERED = 10_000;

/**
 * One operation of a partner, such as charging, with a circuit breaker of its own. It tells failures of the partner, which
 * count for the breaker, from failures of one item, which do not: a retry that fails is the item's own failure when other
 * items succeeded since it failed last, or when the partner answers what else it is asked about the item and either the
 * circuit is closed or no item that was never tried before has failed since. So an outage of one operation is the
 * partner's for as long as new items meet it, and bad items are parked also when no good one comes. One per operation and
 * process; what it remembers may be lost.
 */
export class PartnerOperation {
  readonly #breaker: CircuitBreaker;
  /** By item: what had happened when it failed last. */
  readonly #failedAt = new Map<string, Failure>();
  #successes = 0;
  /** Items that failed at their first attempt. */
  #firstFailures = 0;
  /** The last success, and the last one of another item than that. */
  #last: Success = { id: undefined, number: 0 };
  #lastOfOther: Success = { id: undefined, number: 0 };

  constructor(name: string, options: CircuitBreakerOptions = {}) {
    this.#breaker = new CircuitBreaker(name, options);
  }

  get state(): CircuitBreakerState {
    return this.#breaker.state;
  }

  get capacity(): Capacity {
    return { items: this.#breaker.capacity, isTrial: this.state !== 'closed' };
  }

  /**
   * Calls the partner for an item, or for none.
   *
   * @throws PermanentError what the partner refuses permanently.
   * @throws ItemFailedError when the item fails by itself.
   * @throws CircuitOpenError when no call is made.
   * @throws PartnerUnavailableError, or whatever else `call` throws, when the partner is in trouble.
   */
  async execute<Result>(
    item: CalledFor | undefined,
    call: () => Promise<Result>,
    context: CallContext = {},
  ): Promise<Result> {
    const inFlight = this.#breaker.begin();
    try {
      const result = await call();
      inFlight.succeeded();
      this.#succeeded(item?.id);
      return result;
    } catch (error) {
      if (error instanceof PermanentError) {
        inFlight.succeeded();
        throw error;
      }
      if (error instanceof ItemFailedError) {
        inFlight.undecided();
        throw error;
      }
      const isOwn = item !== undefined && this.#isItsOwn(item, error, context);
      if (item) this.#remember(item);
      if (isOwn) {
        inFlight.undecided();
        throw new ItemFailedError(messageOf(error), { cause: error });
      }
      inFlight.failed(retryAfterOf(error));
      throw error;
    }
  }

  /**
   * Says that a look-up has found what an earlier call for the item has done, whose answer was lost. It counts as a success
   * of that call: otherwise the circuit would stay open when nothing is left to call for.
   */
  confirmed(item: CalledFor): void {
    this.#breaker.close();
    this.#succeeded(item.id);
  }

  #isItsOwn({ id, attempts }: CalledFor, error: unknown, { hasAnswered = false }: CallContext): boolean {
    if (attempts <= 1 || (error instanceof PartnerUnavailableError && !error.mayBeItem)) return false;
    const failedAt = this.#failedAt.get(id);
    const { number } = this.#last.id === id ? this.#lastOfOther : this.#last;
    if (failedAt !== undefined && number > failedAt.successes) return true;
    return hasAnswered && (this.state === 'closed' || failedAt?.firstFailures === this.#firstFailures);
  }

  #succeeded(id: string | undefined): void {
    if (id !== undefined) this.#failedAt.delete(id);
    if (id === undefined || this.#last.id !== id) this.#lastOfOther = this.#last;
    this.#last = { id, number: ++this.#successes };
  }

  #remember({ id, attempts }: CalledFor): void {
    if (attempts <= 1) this.#firstFailures++;
    this.#failedAt.delete(id);
    this.#failedAt.set(id, { successes: this.#successes, firstFailures: this.#firstFailures });
    if (this.#failedAt.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#failedAt.keys();
    if (oldest !== undefined) this.#failedAt.delete(oldest);
  }
}

interface Failure {
  readonly successes: number;
  readonly firstFailures: number;
}

interface Success {
  readonly id: string | undefined;
  readonly number: number;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const retryAfterOf = (error: unknown): number | undefined =>
  error instanceof PartnerUnavailableError ? error.retryAfterMs : undefined;

/** How many calls of an operation are worth beginning whose retries look something up first. */
export const capacityWithLookup = (operation: PartnerOperation, lookup: PartnerOperation): Capacity => ({
  ...operation.capacity,
  retries: lookup.capacity.items,
});

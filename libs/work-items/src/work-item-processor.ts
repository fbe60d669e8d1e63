import { crashPoint } from '@orderbridge/crash-points';
import {
  backoffDelay,
  GroupCommit,
  isTransient,
  PermanentError,
  SYSTEM_CLOCK,
  WakeUp,
  type Clock,
} from '@orderbridge/messaging';
import { ItemFailedError, PartnerUnavailableError } from './partner-errors.js';
import type { Capacity } from './partner-operation.js';
import type { Postponement, TakeRequest } from './work-item-table.js';

/** A call to the outside world that is due, stored as a row which commits with what made it necessary. */
export interface WorkItem {
  readonly id: string;
  /** How often it was taken, this time included: above 1, an earlier attempt may have had an effect at the partner. */
  readonly attempts: number;
  /** How often it has failed by itself so far, while the partner was well. */
  readonly itemFailures: number;
}

export interface Finished<Item, Result> {
  readonly item: Item;
  readonly result: Result;
}

/** What is to be done still, due or not. */
export interface Backlog {
  readonly items: number;
  /** Seconds since the oldest of them became necessary; 0 when there are none. */
  readonly oldestSeconds: number;
}

export interface WorkItemHandlers<Item extends WorkItem, Result> {
  /**
   * How many calls are worth beginning now: none while the circuit is open, so that nothing is taken that would only be
   * put back. Default: any number.
   */
  capacity?(): Capacity;
  /** Takes due items with FOR UPDATE SKIP LOCKED and leases them; see `WorkItemTable.take`. */
  take(request: TakeRequest): Promise<Item[]>;
  /**
   * Calls out, through a `PartnerOperation`, with a time-out below the lease. Resolves with what the partner decided, be it
   * yes or no.
   *
   * @throws PermanentError when the partner refuses permanently: the item is parked.
   * @throws ItemFailedError when the item fails by itself: it is retried a bounded number of times, then parked.
   * @throws anything else when the partner did not decide: the item is retried for as long as it takes.
   */
  perform(item: Item): Promise<Result>;
  /** Commits results and what they send, in one transaction. Ignores items that are no longer open. */
  settle(finished: readonly Finished<Item, Result>[]): Promise<void>;
  /** Makes an item due later; see `WorkItemTable.postpone`. */
  postpone(item: Item, postponement: Postponement): Promise<void>;
  /** Sets an item aside, with a dead letter that makes it due again when it is redriven; see `WorkItemTable.park`. */
  park(item: Item, error: Error, itemFailures: number): Promise<void>;
  /** Asked for metrics. */
  backlog(): Promise<Backlog>;
}

export interface WorkItemObserver {
  settled(items: number): void;
  postponed(item: WorkItem, error: Error, delayMs: number): void;
  parked(item: WorkItem, error: Error): void;
  retrying(error: Error, failures: number): void;
}

export interface WorkItemProcessorOptions<Item extends WorkItem, Result> {
  readonly handlers: WorkItemHandlers<Item, Result>;
  readonly observer: WorkItemObserver;
  /** Most calls at the same time; retries get a quarter of them at the most. Default 16. */
  readonly concurrency?: number;
  /** Milliseconds after which another process may take an item whose process died. Longer than the call's time-out. */
  readonly leaseMs?: number;
  /** Milliseconds between polls for items whose retry is due or whose process died; new ones are announced by `wake`. */
  readonly pollIntervalMs?: number;
  readonly clock?: Clock;
}

/** How often an item may fail by itself before it is parked. */
export const MAX_ITEM_FAILURES = 5;

const RETRY_CALL = { initial: 500, max: 30_000 };
/** Long enough for others to show in between whether the partner is well, short enough to be parked within a minute. */
const RETRY_ITEM = { initial: 2_000, max: 20_000 };
const RETRY_DATABASE = { initial: 50, max: 5_000 };
/** Milliseconds between polls, of memory alone, for the end of a cool-down. */
const COOL_DOWN_POLL_MS = 100;
/** The part of the calls at the same time that may be retries. */
const RETRY_SHARE = 0.25;

/**
 * Works off work items (design rule 3): the outside world is called between transactions, with a key that stays the
 * same, as often as it takes. Several processes of a service may share the work; what they share is in the rows only.
 */
export class WorkItemProcessor<Item extends WorkItem, Result> {
  readonly #options: Required<WorkItemProcessorOptions<Item, Result>>;
  readonly #commits: GroupCommit<Finished<Item, Result>, void>;
  readonly #wakeUp: WakeUp;
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #maxRetries: number;
  #retriesInFlight = 0;
  #running: Promise<void> | undefined;
  /** Whether the last poll left out what may be due. */
  #heldBack = false;

  constructor(options: WorkItemProcessorOptions<Item, Result>) {
    this.#options = {
      concurrency: 16,
      leaseMs: 15_000,
      pollIntervalMs: 1_000,
      clock: SYSTEM_CLOCK,
      ...options,
    };
    this.#maxRetries = Math.max(1, Math.floor(this.#options.concurrency * RETRY_SHARE));
    this.#wakeUp = new WakeUp(this.#options.clock);
    this.#commits = new GroupCommit((finished) => this.#settle(finished), {
      maxItems: this.#options.concurrency,
      clock: this.#options.clock,
    });
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Says that new items may be due. Call it after the commit that made them. */
  wake(): void {
    this.#wakeUp.call();
  }

  /** Takes nothing more; resolves when the calls in flight are done and their results committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wakeUp.call();
    await this.#running;
    await Promise.all(this.#inFlight);
  }

  async #run(): Promise<void> {
    const { handlers, observer, pollIntervalMs, clock } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const request = this.#request();
      try {
        const items = request.limit > 0 ? await handlers.take(request) : [];
        failures = 0;
        if (items.length > 0) crashPoint('work-items.taken');
        for (const item of items) this.#begin(item);
        this.#heldBack ||= this.#retriesInFlight >= this.#maxRetries;
        if (request.limit === 0 && request.isTrial) await this.#wakeUp.wait(COOL_DOWN_POLL_MS);
        else if (items.length < request.limit || request.limit === 0) await this.#wakeUp.wait(pollIntervalMs);
      } catch (error) {
        failures++;
        observer.retrying(error as Error, failures);
        await clock.sleep(backoffDelay(failures, RETRY_DATABASE), this.#stopping.signal);
      }
    }
  }

  #request(): TakeRequest {
    const { handlers, concurrency, leaseMs } = this.#options;
    const slots = concurrency - this.#inFlight.size;
    const { items = slots, retries = slots, isTrial = false } = handlers.capacity?.() ?? {};
    const limit = Math.min(slots, items);
    const freeRetries = Math.max(0, this.#maxRetries - this.#retriesInFlight);
    this.#heldBack = slots === 0 || limit < slots;
    return { limit, leaseMs, retries: Math.min(limit, retries, freeRetries), isTrial };
  }

  #begin(item: Item): void {
    const isRetry = item.attempts > 1;
    if (isRetry) this.#retriesInFlight++;
    const work = this.#perform(item).finally(() => {
      if (isRetry) this.#retriesInFlight--;
      if (this.#heldBack) this.#wakeUp.call();
      this.#inFlight.delete(work);
    });
    this.#inFlight.add(work);
  }

  async #perform(item: Item): Promise<void> {
    let result: Result;
    try {
      result = await this.#options.handlers.perform(item);
      crashPoint('work-items.performed');
    } catch (error) {
      await this.#failed(item, error as Error);
      return;
    }
    await this.#commits.submit({ item, result }).catch((error: Error) => this.#notSettled(item, error));
  }

  /** What cannot be stored is the item's own failure; while the database is unavailable the item waits for its lease. */
  async #notSettled(item: Item, error: Error): Promise<void> {
    if (isTransient(error)) this.#options.observer.retrying(error, 1);
    else await this.#failed(item, new ItemFailedError(error.message, { cause: error }));
  }

  async #failed(item: Item, error: Error): Promise<void> {
    const { handlers, observer } = this.#options;
    const isOwn = error instanceof ItemFailedError;
    const itemFailures = item.itemFailures + (isOwn ? 1 : 0);
    try {
      if (error instanceof PermanentError || (isOwn && itemFailures >= MAX_ITEM_FAILURES)) {
        await handlers.park(item, error, itemFailures);
        observer.parked(item, error);
        return;
      }
      const delayMs = delayAfter(error, isOwn ? itemFailures : item.attempts);
      observer.postponed(item, error, delayMs);
      await handlers.postpone(item, { delayMs, error, itemFailures });
    } catch (failure) {
      // The item is due again at the end of its lease.
      observer.retrying(failure as Error, 1);
    }
  }

  async #settle(finished: readonly Finished<Item, Result>[]): Promise<void[]> {
    await this.#options.handlers.settle(finished);
    crashPoint('work-items.settled');
    this.#options.observer.settled(finished.length);
    return finished.map(() => undefined);
  }
}

/** What the partner asks for by `Retry-After` is the least. */
function delayAfter(error: Error, failures: number): number {
  const delayMs = backoffDelay(failures, error instanceof ItemFailedError ? RETRY_ITEM : RETRY_CALL);
  const asked = [error, error.cause].find((one) => one instanceof PartnerUnavailableError)?.retryAfterMs ?? 0;
  return Math.max(delayMs, asked);
}

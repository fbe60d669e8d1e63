import { crashPoint } from '@orderbridge/crash-points';
import {
  backoffDelay,
  GroupCommit,
  PermanentError,
  SYSTEM_CLOCK,
  WakeUp,
  type Clock,
} from '@orderbridge/messaging';

/** A call to the outside world that is due, stored as a row which commits with what made it necessary. */
export interface WorkItem {
  /** Also the idempotency key at the partner: the same for every attempt. */
  readonly id: string;
  /** How often it was taken, this time included. */
  readonly attempts: number;
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
   * How many calls are worth beginning now: 0 while the partner is given a rest, so that nothing is taken that would
   * only be put back. Default: any number.
   */
  capacity?(): number;
  /**
   * Takes up to `limit` due items with FOR UPDATE SKIP LOCKED and makes them due again only after `lease`
   * milliseconds, so that no other process takes them meanwhile, and some process does if this one dies.
   */
  take(limit: number, lease: number): Promise<Item[]>;
  /**
   * Calls out, with a time-out below the lease. Resolves with what the partner decided, be it yes or no; rejects
   * when the partner did not decide, and the item is taken again later.
   */
  perform(item: Item): Promise<Result>;
  /** Commits results and what they send, in one transaction. Ignores items that are no longer open. */
  settle(finished: readonly Finished<Item, Result>[]): Promise<void>;
  /** Makes an item due after the given milliseconds, because of the error, and may tell so. */
  postpone(item: Item, delay: number, error: Error): Promise<void>;
  /**
   * Sets an item aside that the partner refuses for good, which `perform` says by a PermanentError, as a dead letter. Where
   * it is missing, such an item is postponed as any other.
   */
  park?(item: Item, error: PermanentError): Promise<void>;
  /** Asked for metrics. */
  backlog(): Promise<Backlog>;
}

export interface WorkItemObserver {
  settled(items: number): void;
  postponed(item: WorkItem, error: Error, delay: number): void;
  parked?(item: WorkItem, error: Error): void;
  retrying(error: Error, failures: number): void;
}

export interface WorkItemProcessorOptions<Item extends WorkItem, Result> {
  readonly handlers: WorkItemHandlers<Item, Result>;
  readonly observer: WorkItemObserver;
  /** Most calls at the same time. */
  readonly concurrency?: number;
  /** Milliseconds after which another process may take an item whose process died. Longer than the call's time-out. */
  readonly lease?: number;
  /** Milliseconds between looks for items whose retry is due or whose process died; new ones are told by `wake`. */
  readonly pollInterval?: number;
  readonly clock?: Clock;
}

const RETRY_CALL = { initial: 500, max: 30_000 };
const RETRY_DATABASE = { initial: 50, max: 5_000 };

/**
 * Works off work items (design rule 3): the outside world is called between transactions, with a key that stays the
 * same, as often as it takes. Several processes of a service may share the work.
 */
export class WorkItemProcessor<Item extends WorkItem, Result> {
  readonly #options: Required<WorkItemProcessorOptions<Item, Result>>;
  readonly #commits: GroupCommit<Finished<Item, Result>, void>;
  readonly #wakeUp: WakeUp;
  readonly #stopping = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #running: Promise<void> | undefined;
  /** Whether the last look left out what may be due. */
  #heldBack = false;

  constructor(options: WorkItemProcessorOptions<Item, Result>) {
    this.#options = { concurrency: 16, lease: 15_000, pollInterval: 1_000, clock: SYSTEM_CLOCK, ...options };
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
    const { handlers, observer, concurrency, lease, pollInterval, clock } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const slots = concurrency - this.#inFlight.size;
      const free = Math.min(slots, handlers.capacity?.() ?? slots);
      this.#heldBack = slots === 0 || free < slots;
      try {
        const items = free > 0 ? await handlers.take(free, lease) : [];
        failures = 0;
        if (items.length > 0) crashPoint('work-items.taken');
        for (const item of items) this.#begin(item);
        if (items.length < free || free === 0) await this.#wakeUp.wait(pollInterval);
      } catch (error) {
        failures++;
        observer.retrying(error as Error, failures);
        await clock.sleep(backoffDelay(failures, RETRY_DATABASE), this.#stopping.signal);
      }
    }
  }

  #begin(item: Item): void {
    const work = this.#perform(item).finally(() => {
      if (this.#heldBack) this.#wakeUp.call();
      this.#inFlight.delete(work);
    });
    this.#inFlight.add(work);
  }

  async #perform(item: Item): Promise<void> {
    const { handlers, observer } = this.#options;
    let result: Result;
    try {
      result = await handlers.perform(item);
      crashPoint('work-items.performed');
    } catch (error) {
      if (error instanceof PermanentError && handlers.park) {
        // When this fails the item is due again at the end of its lease.
        await handlers.park(item, error).then(
          () => observer.parked?.(item, error),
          (failure: Error) => observer.retrying(failure, 1),
        );
        return;
      }
      const delay = backoffDelay(item.attempts, RETRY_CALL);
      observer.postponed(item, error as Error, delay);
      // When this fails the item is due again at the end of its lease.
      await handlers
        .postpone(item, delay, error as Error)
        .catch((failure: Error) => observer.retrying(failure, 1));
      return;
    }
    // What cannot be committed is performed again after its lease, with the same key.
    await this.#commits.submit({ item, result }).catch((error: Error) => observer.retrying(error, 1));
  }

  async #settle(finished: readonly Finished<Item, Result>[]): Promise<void[]> {
    await this.#options.handlers.settle(finished);
    crashPoint('work-items.settled');
    this.#options.observer.settled(finished.length);
    return finished.map(() => undefined);
  }
}

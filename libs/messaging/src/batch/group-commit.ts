import { isTransient, StoreUnavailableError } from '../retry/errors.js';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';
import { restAsLongAsSince } from './rest.js';

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly submittedAt: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

interface Outcome {
  readonly error?: unknown;
}

const COMMITTED: Outcome = {};

export interface GroupCommitOptions {
  /** Most items of one group. */
  readonly maxItems: number;
  readonly clock?: Clock;
  /**
   * Milliseconds for which callers wait for a store that is unavailable, apart from the attempt that has begun: afterwards
   * an item is not tried, or not tried once more. Default: for ever.
   */
  readonly patienceMs?: number;
}

/**
 * Commits in groups what callers submit one by one: while one group is being committed, the next gathers; under load also
 * for as long again (50 ms at the most). Under low load an item is committed at once and alone; under high load the groups
 * grow and the cost per item falls.
 *
 * Items are committed in the order of submission, one group at a time. When a group cannot be committed its items are
 * committed one by one, so that a bad one hurts only itself. But when even one alone fails because something is away,
 * that goes for the rest of the group, too: waiting for it again with each of them would hold up all that come after.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #maxItems: number;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  #waiting: Waiting<Item, Result>[] = [];
  #running: Promise<void> | undefined;

  /** `commit` resolves with one result per item, in their order, or rejects and has done nothing. */
  constructor(commit: (items: readonly Item[]) => Promise<readonly Result[]>, options: GroupCommitOptions) {
    this.#commit = commit;
    this.#maxItems = options.maxItems;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#patienceMs = options.patienceMs ?? Infinity;
  }

  /**
   * Resolves with the item's result once it is committed; rejects with why it could not be, even alone.
   *
   * @throws StoreUnavailableError when its patience ended before it was tried.
   */
  submit(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, submittedAt: this.#clock.now(), resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or being committed, up to 50 ms late. */
  async drained(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // Lets callers of the same turn join the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const begun = this.#clock.now();
      const group = this.#waiting.splice(0, this.#maxItems);
      const stopWatching = this.#watchPatience();
      await this.#commitGroup(group);
      stopWatching();
      const isBusy = group.length > 1 || this.#waiting.length > 0;
      if (isBusy) await restAsLongAsSince(begun, this.#clock);
    }
    this.#running = undefined;
  }

  async #commitGroup(group: readonly Waiting<Item, Result>[]): Promise<void> {
    let outcome: Outcome = COMMITTED;
    if (group.length > 1) {
      outcome = await this.#try(group);
      if (outcome === COMMITTED) return;
      if (!this.#concernsAll(outcome.error, group)) outcome = COMMITTED;
    }
    for (const one of group) {
      if (!isTransient(outcome.error)) outcome = await this.#try([one]);
      if (outcome !== COMMITTED) one.reject(outcome.error);
    }
  }

  /** Whether no item of a group that failed together is tried alone: nothing was begun, or it has taken too long. */
  #concernsAll(error: unknown, [oldest]: readonly Waiting<Item, Result>[]): boolean {
    if (error instanceof StoreUnavailableError) return true;
    return isTransient(error) && oldest !== undefined && this.#patienceLeft(oldest) <= 0;
  }

  #patienceLeft({ submittedAt }: Waiting<Item, Result>): number {
    return submittedAt + this.#patienceMs - this.#clock.now();
  }

  /** Rejects what waits for too long behind a group that is being committed, until what it returns is called. */
  #watchPatience(): () => void {
    if (this.#patienceMs === Infinity) return () => undefined;
    let [oldest] = this.#waiting;
    while (oldest && this.#patienceLeft(oldest) <= 0) {
      this.#waiting.shift();
      oldest.reject(new StoreUnavailableError(new Error('Others before it could not be committed in time.')));
      [oldest] = this.#waiting;
    }
    let stop = (): void => undefined;
    const cancel = this.#clock.after(oldest ? this.#patienceLeft(oldest) : this.#patienceMs, () => {
      stop = this.#watchPatience();
    });
    return () => {
      cancel();
      stop();
    };
  }

  async #try(group: readonly Waiting<Item, Result>[]): Promise<Outcome> {
    try {
      const results = await this.#commit(group.map(({ item }) => item));
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result);
      return COMMITTED;
    } catch (error) {
      return { error };
    }
  }
}

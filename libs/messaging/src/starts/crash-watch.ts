import type { EntityManager } from 'typeorm';
import type { Clock } from '../time/clock.js';
import type { Starts, Unfinished } from './starts.js';

/** Starts that were never finished after which a message is handled alone, and those after which it is not any more. */
const SUSPECT = 2;
const POISON = 3;
/** Milliseconds for which starts are written down: what crashed a process is delivered again at once. */
const WATCH = 10_000;
/** Milliseconds after which a handling that has not ended is checked for whether it waits for a lock, again and again. */
const LOCK_CHECK_MS = 100;

/** A message was begun several times and never finished: it ends the process that handles it. */
export class PoisonMessageError extends Error {
  override readonly name = 'PoisonMessageError';

  constructor(starts: number) {
    super(`Its handling was begun ${starts} times and never finished; it seems to end the process.`);
  }
}

/** A batch holds messages that may have ended the process before, and is to be handled one by one. */
export class SuspectMessageError extends Error {
  override readonly name = 'SuspectMessageError';
}

/**
 * Finds messages that end the process which handles them, where the broker does not count deliveries. For a short while
 * after deliveries were taken over from a process that may have crashed, each start is written down before the handling
 * and removed in the transaction of the handling. At all other times it costs nothing.
 *
 * A start counts as long as the handling may be what ends the process. It is taken back when the service stops in good
 * order, when deliveries are dealt out again while this process lives, before a pause for something unavailable, and when
 * the transaction is seen to wait for a lock: nothing of the handling runs then, so a process that is killed meanwhile was
 * not ended by it.
 */
export class CrashWatch {
  readonly #starts: Starts;
  readonly #consumer: string;
  /** Begun by this process, which counts once however often it tries. */
  readonly #begun = new Set<string>();
  #armed = true;
  #until = 0;

  constructor(
    starts: Starts,
    consumer: string,
    private readonly clock: Clock,
  ) {
    this.#starts = starts;
    this.#consumer = consumer;
  }

  /** Says that deliveries may follow which another process has begun. */
  arm(): void {
    this.#armed = true;
  }

  /** Says that a delivery has come. */
  delivered(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#until = performance.now() + WATCH;
  }

  /**
   * Says that deliveries are about to be handled together.
   *
   * @returns how often a single one was begun in vain, when that is too often: it is not to be handled.
   * @throws SuspectMessageError when they are to be handled one by one.
   */
  async begin(origins: readonly string[]): Promise<Unfinished | undefined> {
    if (performance.now() >= this.#until) return undefined;
    const fresh = origins.filter((origin) => !this.#begun.has(origin));
    if (fresh.length === 0) return undefined;
    const unfinished = await this.#starts.unfinished(this.#consumer, fresh);
    const most = [...unfinished.values()].reduce<Unfinished | undefined>(
      (worst, one) => (worst && worst.starts >= one.starts ? worst : one),
      undefined,
    );
    if (most && most.starts >= SUSPECT && origins.length > 1) throw new SuspectMessageError();
    if (most && most.starts >= POISON) return most;
    await this.#starts.begin(this.#consumer, fresh);
    for (const origin of fresh) this.#begun.add(origin);
    return undefined;
  }

  /**
   * Takes the starts of deliveries back that this process has begun; without an argument, of all. What cannot be taken
   * back now is with the next call.
   */
  async withdraw(origins: readonly string[] = [...this.#begun]): Promise<void> {
    const begun = this.#begunOf(origins);
    if (begun.length === 0) return;
    for (const origin of begun) this.#begun.delete(origin);
    try {
      await this.#starts.withdraw(this.#consumer, begun);
    } catch (error) {
      for (const origin of begun) this.#begun.add(origin);
      throw error;
    }
  }

  /** Watches a transaction that handles deliveries for waits on locks; returns what ends that. */
  watchLocks(manager: EntityManager, origins: readonly string[]): () => void {
    const over = new AbortController();
    if (this.#begunOf(origins).length > 0) void this.#withdrawInLockWait(manager, origins, over.signal);
    return () => over.abort();
  }

  async #withdrawInLockWait(
    manager: EntityManager,
    origins: readonly string[],
    over: AbortSignal,
  ): Promise<void> {
    for (;;) {
      await this.clock.sleep(LOCK_CHECK_MS, over);
      if (over.aborted) return;
      try {
        if (!(await this.#starts.waitsForLock(manager))) continue;
        // The handling may have ended meanwhile, and with it what there is to be taken back.
        if (!over.aborted) await this.withdraw(origins);
        return;
      } catch {
        // The database is unavailable to this check: the start counts until the next one.
      }
    }
  }

  /** Says, in the transaction that handles them, that deliveries are finished. */
  async finish(manager: EntityManager, origins: readonly string[]): Promise<void> {
    const begun = this.#begunOf(origins);
    if (begun.length > 0) await this.#starts.finish(manager, this.#consumer, begun);
  }

  /** Says that deliveries are finished, handled or rejected, and that this is committed. */
  forget(origins: readonly string[]): void {
    for (const origin of this.#begunOf(origins)) this.#begun.delete(origin);
  }

  #begunOf(origins: readonly string[]): string[] {
    return this.#begun.size === 0 ? [] : origins.filter((origin) => this.#begun.has(origin));
  }
}

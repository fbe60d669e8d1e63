import type { EntityManager } from 'typeorm';
import type { Starts, Unfinished } from './starts.js';

/** Starts that were never finished after which a message is handled alone, and those after which it is not any more. */
const SUSPECT = 2;
const POISON = 3;
/** Milliseconds for which starts are written down: what crashed a process is delivered again at once. */
const WATCH = 10_000;

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
 */
export class CrashWatch {
  readonly #starts: Starts;
  readonly #consumer: string;
  /** Begun by this process, which counts once however often it tries. */
  readonly #begun = new Set<string>();
  #armed = true;
  #until = 0;

  constructor(starts: Starts, consumer: string) {
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

import type { Broker } from '@orderbridge/contracts';
import { isTransient, StoreUnavailableError } from '../retry/errors.js';
import type { MessageStore } from '../store/message-store.js';
import { CommitInDoubtError } from './commit-in-doubt.error.js';
import { UnitOfWork } from './unit-of-work.js';

/** Told after each commit which brokers there is something new for. */
export type OutboxListener = (brokers: ReadonlySet<Broker>) => void;

/** Runs units of work of one service. */
export class UnitsOfWork {
  readonly #listeners: OutboxListener[] = [];

  constructor(
    private readonly store: MessageStore,
    /** CloudEvents source of what the service sends, e.g. `/orderbridge/inventory`. */
    private readonly source: string,
  ) {}

  /**
   * Runs `work` in a transaction of its own, appends what it sends to the outbox and commits.
   *
   * @throws whatever `work` or the store throws; then nothing has happened. StoreUnavailableError when the transaction
   *   could not be begun. CommitInDoubtError when the commit fails with a transient error: it may have taken effect.
   */
  async run<Result>(work: (unit: UnitOfWork) => Promise<Result>): Promise<Result> {
    let unit: UnitOfWork | undefined;
    let commits = false;
    const transaction = this.store.transaction(async (manager) => {
      unit = new UnitOfWork(manager, this.source, this.store);
      const value = await work(unit);
      await this.store.append(manager, unit.outgoing);
      commits = true;
      return value;
    });
    const result = await transaction.catch((error: unknown) => {
      if (!unit) throw new StoreUnavailableError(error);
      throw commits && isTransient(error) ? new CommitInDoubtError(error) : error;
    });
    if (unit) this.#committed(unit);
    return result;
  }

  onSent(listener: OutboxListener): void {
    this.#listeners.push(listener);
  }

  #committed(unit: UnitOfWork): void {
    for (const callback of unit.afterCommitCallbacks) callback();
    if (unit.outgoing.length > 0) {
      const brokers = new Set(unit.outgoing.map(({ destination }) => destination.broker));
      for (const listener of this.#listeners) listener(brokers);
    }
  }
}

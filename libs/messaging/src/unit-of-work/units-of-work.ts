import type { Broker } from '@orderbridge/contracts';
import type { MessageStore } from '../store/message-store.js';
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
   * @throws whatever `work` or the store throws; then nothing has happened, unless only the commit's answer got lost.
   */
  async run<Result>(work: (unit: UnitOfWork) => Promise<Result>): Promise<Result> {
    let unit!: UnitOfWork;
    const result = await this.store.transaction(async (manager) => {
      unit = new UnitOfWork(manager, this.source, this.store);
      const value = await work(unit);
      await this.store.append(manager, unit.outgoing);
      return value;
    });
    for (const callback of unit.afterCommitCallbacks) callback();
    if (unit.outgoing.length > 0) {
      const brokers = new Set(unit.outgoing.map(({ destination }) => destination.broker));
      for (const listener of this.#listeners) listener(brokers);
    }
    return result;
  }

  onSent(listener: OutboxListener): void {
    this.#listeners.push(listener);
  }
}

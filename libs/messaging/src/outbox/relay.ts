import type { Broker } from '@orderbridge/contracts';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';
import type { MessageStore } from '../store/message-store.js';
import type { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import { Lane } from './lane.js';
import type { Publisher } from './publisher.js';
import type { RelayObserver } from './relay-observer.js';

export interface RelayOptions {
  readonly store: MessageStore;
  readonly unitsOfWork: UnitsOfWork;
  readonly publishers: readonly Publisher[];
  readonly observer: RelayObserver;
  /** Most messages sent at once. */
  readonly batchSize?: number;
  /** Milliseconds after which the outbox is read without having been called; only a lost call makes it wait so long. */
  readonly fallbackInterval?: number;
  /** Milliseconds without success after which a lane's lead is offered to another process. */
  readonly patienceMs?: number;
  readonly clock?: Clock;
}

/**
 * Publishes the outbox (design rule 1), each broker on a lane of its own with a leader of its own, so that one that is
 * unavailable, to all or to one process, holds up no other. Woken by commits in this process and, through LISTEN/NOTIFY,
 * in other replicas.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #lanes: readonly Lane[];
  #notifying: Promise<void> | undefined;
  #notifyAgain = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { publishers, unitsOfWork } = options;
    const { batchSize = 500, fallbackInterval = 1_000, patienceMs = 10_000, clock = SYSTEM_CLOCK } = options;
    const laneOptions = { ...options, batchSize, fallbackInterval, patienceMs, clock };
    this.#lanes = publishers.map((publisher) => new Lane(publisher, laneOptions));
    unitsOfWork.onSent((brokers) => {
      const concerned = this.#lanes.filter(({ broker }) => brokers.has(broker));
      for (const lane of concerned) if (lane.leading) lane.wake();
      if (concerned.some(({ leading }) => !leading)) this.#notifyLeaders();
    });
  }

  /** Whether this process leads every lane. */
  get leading(): boolean {
    return this.#lanes.every(({ leading }) => leading);
  }

  /** The brokers that it publishes to. */
  get brokers(): Broker[] {
    return this.#lanes.map(({ broker }) => broker);
  }

  start(): void {
    for (const lane of this.#lanes) lane.start();
  }

  /** Resolves when what was being published is done and the leads are given up. The rest stays in the outbox. */
  async stop(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
    await this.#notifying;
  }

  /**
   * NOTIFY goes out after the commit and not within it: a transaction with a NOTIFY holds a database-wide lock
   * through its commit, which would undo group commit. Calls that come meanwhile share the next one.
   */
  #notifyLeaders(): void {
    if (this.#notifying) {
      this.#notifyAgain = true;
      return;
    }
    this.#notifying = this.#notify().finally(() => {
      this.#notifying = undefined;
    });
  }

  async #notify(): Promise<void> {
    do {
      this.#notifyAgain = false;
      try {
        await this.#options.store.notifyLeaders();
      } catch (error) {
        // A leader's fallback interval finds the messages.
        this.#options.observer.retrying('postgres', error as Error, 1);
      }
    } while (this.#notifyAgain);
  }
}

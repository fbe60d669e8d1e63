import type { Broker } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import { restAsLongAsSince } from '../batch/rest.js';
import { backoffDelay } from '../retry/backoff.js';
import { WakeUp } from '../retry/wake-up.js';
import type { Candidacy, MessageStore } from '../store/message-store.js';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';
import type { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import type { OutboxRow } from './outbox.js';
import { PartlyPublishedError, UndeliverableMessageError, type Publisher } from './publisher.js';
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
  readonly clock?: Clock;
}

const RETRY = { initial: 50, max: 5_000 };
/** Milliseconds for which what was published stays in the outbox, unless something new comes before. */
const DELETION_DELAY = 100;

/**
 * Publishes the outbox (design rule 1): in order per key, at least once, one leader per service, each broker on a
 * lane of its own so that one that is away holds up no other. Woken by commits in this process and, through
 * LISTEN/NOTIFY, in other replicas.
 */
export class Relay {
  readonly #options: Required<RelayOptions>;
  readonly #lanes: ReadonlyMap<Broker, { publisher: Publisher; wakeUp: WakeUp }>;
  readonly #candidacy: Candidacy;
  #leading = false;
  #notifying: Promise<void> | undefined;
  #notifyAgain = false;

  constructor(options: RelayOptions) {
    this.#options = { batchSize: 500, fallbackInterval: 1_000, clock: SYSTEM_CLOCK, ...options };
    const { clock, store, unitsOfWork, observer } = this.#options;
    this.#lanes = new Map(
      options.publishers.map((publisher) => [publisher.broker, { publisher, wakeUp: new WakeUp(clock) }]),
    );
    this.#candidacy = store.stand({
      lead: (signal) => this.#lead(signal),
      notified: () => this.#wake(this.#lanes.keys()),
      failed: (error, failures) => observer.retrying('postgres', error, failures),
    });
    unitsOfWork.onSent((brokers) => (this.#leading ? this.#wake(brokers) : this.#notifyLeader()));
  }

  get leading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#candidacy.start();
  }

  /** Resolves when what was being published is done and the lead is given up. The rest stays in the outbox. */
  async stop(): Promise<void> {
    this.#wake(this.#lanes.keys());
    await this.#candidacy.stop();
    await this.#notifying;
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#leading = true;
    this.#options.observer.leading(true);
    const wakeAll = (): void => this.#wake(this.#lanes.keys());
    signal.addEventListener('abort', wakeAll);
    try {
      await Promise.all([...this.#lanes.keys()].map((broker) => this.#publishLane(broker, signal)));
    } finally {
      signal.removeEventListener('abort', wakeAll);
      this.#leading = false;
      this.#options.observer.leading(false);
    }
  }

  async #publishLane(broker: Broker, signal: AbortSignal): Promise<void> {
    const lane = this.#lanes.get(broker);
    if (!lane) return;
    const { batchSize, fallbackInterval, observer, store, clock } = this.#options;
    let failures = 0;
    let published: string[] = [];
    // The last round deletes what was published before the stop.
    while (!signal.aborted || published.length > 0) {
      try {
        const begun = clock.now();
        const rows = await store.take(broker, published, batchSize);
        published = [];
        if (signal.aborted) return;
        if (rows.length === 0) {
          await lane.wakeUp.wait(fallbackInterval);
          continue;
        }
        crashPoint('relay.taken');
        await this.#publish(lane.publisher, rows, published);
        crashPoint('relay.published');
        failures = 0;
        if (rows.length < batchSize) {
          const isBusy = rows.length > 1 || lane.wakeUp.called;
          if (isBusy) await restAsLongAsSince(begun, clock, signal);
          // What comes soon shares its round trip with the deletion.
          await lane.wakeUp.wait(DELETION_DELAY);
        }
      } catch (error) {
        failures++;
        observer.retrying(broker, error as Error, failures);
        if (signal.aborted) return;
        await clock.sleep(backoffDelay(failures, RETRY), signal);
      }
    }
  }

  /** Adds to `published` what the broker has taken, also when it throws. */
  async #publish(publisher: Publisher, rows: readonly OutboxRow[], published: string[]): Promise<void> {
    const { store, observer } = this.#options;
    const { left, error } = await attempt(publisher, rows);
    const taken = left.length === 0 ? rows : rows.filter((row) => !left.includes(row));
    for (const { id } of taken) published.push(id);
    if (taken.length > 0) observer.published(publisher.broker, taken);
    if (!error) return;
    if (!(error instanceof UndeliverableMessageError)) throw error;
    const [row, ...others] = rows;
    if (row && others.length === 0) {
      await store.park(publisher.broker, row.id, error.message);
      observer.parked(row, error);
      return;
    }
    for (const single of left) await this.#publish(publisher, [single], published);
  }

  #wake(brokers: Iterable<Broker>): void {
    for (const broker of brokers) this.#lanes.get(broker)?.wakeUp.call();
  }

  /**
   * NOTIFY goes out after the commit and not within it: a transaction with a NOTIFY holds a database-wide lock
   * through its commit, which would undo group commit. Calls that come meanwhile share the next one.
   */
  #notifyLeader(): void {
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
        await this.#options.store.notifyLeader();
      } catch (error) {
        // The leader's fallback interval finds the messages.
        this.#options.observer.retrying('postgres', error as Error, 1);
      }
    } while (this.#notifyAgain);
  }
}

/** The rows that the broker has not taken, and why. */
async function attempt(
  publisher: Publisher,
  rows: readonly OutboxRow[],
): Promise<{ left: readonly OutboxRow[]; error?: Error }> {
  try {
    await publisher.publish(rows);
    return { left: [] };
  } catch (error) {
    if (!(error instanceof PartlyPublishedError)) return { left: rows, error: error as Error };
    return { left: rows.filter((row) => !error.published.has(row)), error: error.cause };
  }
}

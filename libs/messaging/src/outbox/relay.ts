import type { Broker } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import { restAsLongAsSince } from '../batch/rest.js';
import { backoffDelay } from '../retry/backoff.js';
import { WakeUp } from '../retry/wake-up.js';
import type { Candidacy, MessageStore } from '../store/message-store.js';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';
import type { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import { HeldDestinations } from './held-destinations.js';
import type { OutboxRow } from './outbox.js';
import {
  DestinationsUnavailableError,
  PartlyPublishedError,
  UndeliverableMessageError,
  type Publisher,
} from './publisher.js';
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

interface Lane {
  readonly publisher: Publisher;
  readonly wakeUp: WakeUp;
  readonly held: HeldDestinations;
}

/** What became of the rows that were taken together. */
interface Turn {
  /** Ids of what the broker holds. */
  readonly published: string[];
  /** Destinations that did not take a message. */
  readonly failed: Set<string>;
}

/**
 * Publishes the outbox (design rule 1): in order per destination and key, at least once, one leader per service, each
 * broker on a lane of its own so that one that is unavailable holds up no other. A destination that does not take
 * messages while others of its broker do holds up no other either; its own messages wait in their order. Woken by
 * commits in this process and, through LISTEN/NOTIFY, in other replicas.
 */
export class Relay {
  readonly #options: Required<RelayOptions>;
  readonly #lanes: ReadonlyMap<Broker, Lane>;
  readonly #candidacy: Candidacy;
  #leading = false;
  #notifying: Promise<void> | undefined;
  #notifyAgain = false;

  constructor(options: RelayOptions) {
    this.#options = { batchSize: 500, fallbackInterval: 1_000, clock: SYSTEM_CLOCK, ...options };
    const { clock, store, unitsOfWork, observer } = this.#options;
    this.#lanes = new Map(
      options.publishers.map((publisher) => [
        publisher.broker,
        { publisher, wakeUp: new WakeUp(clock), held: new HeldDestinations(clock) },
      ]),
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
        const rows = await store.take(broker, published, batchSize, lane.held.names);
        published = [];
        if (signal.aborted) return;
        if (rows.length === 0) {
          await lane.wakeUp.wait(Math.min(fallbackInterval, lane.held.nextMs));
          continue;
        }
        crashPoint('relay.taken');
        await this.#publish(lane, rows, { published, failed: new Set() });
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

  /** Adds to the turn what the broker has taken, also when it throws. */
  async #publish(lane: Lane, taken: readonly OutboxRow[], turn: Turn): Promise<void> {
    const { store, observer } = this.#options;
    const { broker } = lane.publisher;
    // What comes after a message that its destination did not take must not overtake it.
    const rows = taken.filter(({ destination }) => !turn.failed.has(destination.name));
    if (rows.length === 0) return;
    const { left, error } = await attempt(lane.publisher, rows);
    const published = left.length === 0 ? rows : rows.filter((row) => !left.includes(row));
    for (const { id, destination } of published) {
      turn.published.push(id);
      lane.held.works(destination.name);
    }
    if (published.length > 0) observer.published(broker, published);
    if (!error) return;
    if (error instanceof DestinationsUnavailableError) {
      for (const [name, cause] of error.causes) {
        turn.failed.add(name);
        observer.retrying(broker, new Error(`${name}: ${cause.message}`, { cause }), lane.held.failed(name));
      }
      return;
    }
    if (!(error instanceof UndeliverableMessageError)) throw error;
    const [row, ...others] = rows;
    if (row && others.length === 0) {
      await store.park(broker, row.id, error.message);
      observer.parked(row, error);
      return;
    }
    for (const single of left) await this.#publish(lane, [single], turn);
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
    if (error instanceof DestinationsUnavailableError)
      return { left: rows.filter(({ destination }) => error.causes.has(destination.name)), error };
    if (!(error instanceof PartlyPublishedError)) return { left: rows, error: error as Error };
    return { left: rows.filter((row) => !error.published.has(row)), error: error.cause };
  }
}

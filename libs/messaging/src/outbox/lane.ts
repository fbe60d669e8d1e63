import type { Broker } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import { restAsLongAsSince } from '../batch/rest.js';
import { backoffDelay } from '../retry/backoff.js';
import { WakeUp } from '../retry/wake-up.js';
import type { Candidacy, Lead, MessageStore } from '../store/message-store.js';
import type { Clock } from '../time/clock.js';
import { HeldDestinations } from './held-destinations.js';
import type { OutboxRow } from './outbox.js';
import { Patience } from './patience.js';
import {
  DestinationsUnavailableError,
  PartlyPublishedError,
  UndeliverableMessageError,
  type Publisher,
} from './publisher.js';
import type { RelayObserver } from './relay-observer.js';

export interface LaneOptions {
  readonly store: MessageStore;
  readonly observer: RelayObserver;
  /** Most messages sent at once. */
  readonly batchSize: number;
  /** Milliseconds after which the outbox is read without having been called; only a lost call makes it wait so long. */
  readonly fallbackInterval: number;
  /** Milliseconds without success after which the lead is offered to another process. */
  readonly patienceMs: number;
  readonly clock: Clock;
}

const RETRY = { initial: 50, max: 5_000 };
/** Milliseconds for which what was published stays in the outbox, unless something new comes before. */
const DELETION_DELAY = 100;

/** What became of the rows that were taken together. */
interface Turn {
  /** Ids of what the broker holds. */
  readonly published: string[];
  /** Destinations that did not take a message. */
  readonly failed: Set<string>;
}

/**
 * Publishes what the outbox has for one broker while this process leads the lane: in order per destination and key, at
 * least once. A destination that does not take messages while others do holds up no other; its own messages wait in their
 * order. A process that leads and cannot publish, because it alone does not reach the broker, gives the lead up when
 * another one stands for it. What it was just publishing may then go out twice, the first copies still in order.
 */
export class Lane {
  readonly #publisher: Publisher;
  readonly #options: LaneOptions;
  readonly #wakeUp: WakeUp;
  readonly #held: HeldDestinations;
  readonly #candidacy: Candidacy;
  #leading = false;

  constructor(publisher: Publisher, options: LaneOptions) {
    const { store, observer, clock } = options;
    this.#publisher = publisher;
    this.#options = options;
    this.#wakeUp = new WakeUp(clock);
    this.#held = new HeldDestinations(clock);
    this.#candidacy = store.stand(publisher.broker, {
      lead: (lead) => this.#lead(lead),
      notified: () => this.wake(),
      failed: (error, failures) => observer.retrying('postgres', error, failures),
    });
  }

  get broker(): Broker {
    return this.#publisher.broker;
  }

  get leading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#candidacy.start();
  }

  /** Says that there is something new for its broker. */
  wake(): void {
    this.#wakeUp.call();
  }

  /** Resolves when what was being published is done and the lead is given up. */
  async stop(): Promise<void> {
    this.wake();
    await this.#candidacy.stop();
  }

  async #lead(lead: Lead): Promise<void> {
    const { observer, clock, patienceMs } = this.#options;
    const wake = (): void => this.wake();
    const patience = new Patience(clock, patienceMs, () => lead.giveUp());
    this.#leading = true;
    observer.leading(this.broker, true);
    lead.signal.addEventListener('abort', wake);
    try {
      await this.#publishAll(lead.signal, patience);
    } finally {
      patience.ends();
      lead.signal.removeEventListener('abort', wake);
      this.#leading = false;
      observer.leading(this.broker, false);
    }
  }

  async #publishAll(signal: AbortSignal, patience: Patience): Promise<void> {
    const { batchSize, fallbackInterval, observer, store, clock } = this.#options;
    let failures = 0;
    let published: string[] = [];
    // The last round deletes what was published before the stop.
    while (!signal.aborted || published.length > 0) {
      try {
        const begun = clock.now();
        patience.tries();
        const rows = await store.take(this.broker, published, batchSize, this.#held.names);
        published = [];
        if (signal.aborted) return;
        if (rows.length === 0) {
          patience.ends();
          await this.#wakeUp.wait(Math.min(fallbackInterval, this.#held.nextMs));
          continue;
        }
        crashPoint('relay.taken');
        await this.#publish(rows, { published, failed: new Set() });
        crashPoint('relay.published');
        patience.ends();
        failures = 0;
        if (rows.length < batchSize) {
          const isBusy = rows.length > 1 || this.#wakeUp.called;
          if (isBusy) await restAsLongAsSince(begun, clock, signal);
          // What comes soon shares its round trip with the deletion.
          await this.#wakeUp.wait(DELETION_DELAY);
        }
      } catch (error) {
        failures++;
        // Some were taken: the broker is within reach.
        if (published.length > 0) patience.ends();
        observer.retrying(this.broker, error as Error, failures);
        if (signal.aborted) return;
        await clock.sleep(backoffDelay(failures, RETRY), signal);
      }
    }
  }

  /** Adds to the turn what the broker has taken, also when it throws. */
  async #publish(taken: readonly OutboxRow[], turn: Turn): Promise<void> {
    const { observer } = this.#options;
    // What comes after a message that its destination did not take must not overtake it.
    const rows = taken.filter(({ destination }) => !turn.failed.has(destination.name));
    if (rows.length === 0) return;
    const { left, error } = await this.#attempt(rows);
    const published = left.length === 0 ? rows : rows.filter((row) => !left.includes(row));
    for (const { id, destination } of published) {
      turn.published.push(id);
      this.#held.works(destination.name);
    }
    if (published.length > 0) observer.published(this.broker, published);
    if (!error) return;
    if (error instanceof DestinationsUnavailableError) {
      for (const [name, cause] of error.causes) {
        turn.failed.add(name);
        const failures = this.#held.failed(name);
        observer.retrying(this.broker, new Error(`${name}: ${cause.message}`, { cause }), failures);
      }
      return;
    }
    if (!(error instanceof UndeliverableMessageError)) throw error;
    const [row, ...others] = rows;
    if (row && others.length === 0) return this.#park(row, error);
    for (const single of left) await this.#publish([single], turn);
  }

  /** The rows that the broker has not taken, and why. */
  async #attempt(rows: readonly OutboxRow[]): Promise<{ left: readonly OutboxRow[]; error?: Error }> {
    const unreadable = rows.find((row) => row.unreadable)?.unreadable;
    if (unreadable) return { left: rows, error: unreadable };
    try {
      await this.#publisher.publish(rows);
      return { left: [] };
    } catch (error) {
      if (error instanceof DestinationsUnavailableError)
        return { left: rows.filter(({ destination }) => error.causes.has(destination.name)), error };
      if (!(error instanceof PartlyPublishedError)) return { left: rows, error: error as Error };
      return { left: rows.filter((row) => !error.published.has(row)), error: error.cause };
    }
  }

  async #park(row: OutboxRow, error: Error): Promise<void> {
    const { store, observer } = this.#options;
    await store.park(this.broker, row.id, error.message);
    observer.parked(row, error);
  }
}

import { decodeEvent, InvalidEventError, TYPE_HEADER, type CloudEvent } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import { GroupCommit } from '../batch/group-commit.js';
import { backoffDelay } from '../retry/backoff.js';
import { isTransient, PermanentError } from '../retry/errors.js';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';
import type { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import { CrashWatch, PoisonMessageError } from '../starts/crash-watch.js';
import type { Starts } from '../starts/starts.js';
import { ConsumerSpan } from '../tracing/consumer-span.js';
import type { Delivery, Outcome, Rejection } from './delivery.js';
import { EventContext } from './event-context.js';
import type { EventRoute, EventRoutes } from './event-routes.js';
import type { PipelineObserver } from './pipeline-observer.js';

export interface PipelineOptions {
  /** Names the consumer in the inbox: the service. */
  readonly consumer: string;
  readonly routes: EventRoutes;
  readonly unitsOfWork: UnitsOfWork;
  readonly observer: PipelineObserver;
  /** Most events of one transaction. */
  readonly batchSize?: number;
  /** How often an event is tried that fails alone with an error of neither kind, before it is rejected. */
  readonly attempts?: number;
  readonly clock?: Clock;
  /** Finds messages that end the process, where the broker does not count deliveries. */
  readonly starts?: Starts;
}

interface RoutedEvent {
  readonly delivery: Delivery;
  readonly route: EventRoute;
  readonly event: CloudEvent;
  readonly span: ConsumerSpan;
  readonly tried: Tried;
}

interface Tried {
  attempts: number;
  readonly since: Date;
}

const RETRY = { initial: 50, max: 5_000 };
const SETTLED: Outcome = { status: 'settled' };

/** Thrown to the transports when the service stops before a delivery was settled; they leave it with the broker. */
export class PipelineStoppedError extends Error {
  override readonly name = 'PipelineStoppedError';

  constructor() {
    super('The service is stopping.');
  }
}

/**
 * Takes deliveries of any broker through decoding, the inbox and the handlers: many in one transaction, and one
 * at a time when that fails, so that a poison message hurts only itself (design rules 2, 4 and 5). Deliveries that
 * several partitions or connections bring at the same time share a transaction; order per key is kept.
 */
export class Pipeline {
  readonly #options: Required<Omit<PipelineOptions, 'starts'>>;
  readonly #commits: GroupCommit<RoutedEvent, Outcome>;
  readonly #stopping = new AbortController();
  readonly #watch: CrashWatch | undefined;

  constructor({ starts, ...options }: PipelineOptions) {
    this.#options = { batchSize: 100, attempts: 3, clock: SYSTEM_CLOCK, ...options };
    const { batchSize, clock } = this.#options;
    this.#commits = new GroupCommit((events) => this.#settle(events), { maxItems: batchSize, clock });
    this.#watch = starts && new CrashWatch(starts, options.consumer, clock);
  }

  /**
   * Says that deliveries were dealt out again: some may follow which another process has begun, and which may have ended
   * it; those in flight here may have gone to another process, which they have not ended.
   */
  takesOver(): void {
    this.#watch?.arm();
    void this.#withdraw();
  }

  /**
   * Resolves with one outcome per delivery when all are settled, which includes their commit. While something is
   * away, that takes as long as it takes.
   *
   * @throws PipelineStoppedError after `stop`.
   */
  process(deliveries: readonly Delivery[]): Promise<Outcome[]> {
    this.#watch?.delivered();
    return Promise.all(deliveries.map((delivery) => this.#process(delivery)));
  }

  /** Ends waiting retries; resolves when the transaction in flight has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    // Also what takes longer than a stop may take has not ended the process.
    await this.#withdraw();
    await this.#commits.drained();
  }

  async #process(delivery: Delivery): Promise<Outcome> {
    const type = delivery.headers[TYPE_HEADER];
    if (type === undefined) {
      const error = new InvalidEventError(`The header ${TYPE_HEADER} is missing.`);
      return this.#reject(delivery, error, firstTry());
    }
    const route = this.#options.routes.get(type);
    if (!route) return SETTLED;
    const span = new ConsumerSpan(this.#options.consumer, delivery);
    try {
      const outcome = await this.#handle(delivery, route, span);
      span.end(outcome);
      return outcome;
    } catch (error) {
      span.end(error as Error);
      throw error;
    }
  }

  async #handle(delivery: Delivery, route: EventRoute, span: ConsumerSpan): Promise<Outcome> {
    let event: CloudEvent;
    try {
      event = span.carriedBy(decodeEvent(route.contract, delivery.headers, delivery.body));
    } catch (error) {
      return this.#reject(delivery, error as Error, firstTry());
    }
    return this.#commits.submit({ delivery, route, event, span, tried: { attempts: 0, since: new Date() } });
  }

  /** Called by the group commit: with a group first and, when that throws, with each event alone. */
  async #settle(events: readonly RoutedEvent[]): Promise<Outcome[]> {
    let unexplained = 0;
    const origins = events.map(({ delivery }) => delivery.origin);
    for (let failures = 1; ; failures++) {
      if (this.#stopping.signal.aborted) {
        await this.#withdraw(origins);
        throw new PipelineStoppedError();
      }
      try {
        const crashes = await this.#watch?.begin(origins);
        if (crashes) {
          const [{ delivery }] = events as readonly [RoutedEvent];
          const { starts: attempts, since } = crashes;
          return [this.#reject(delivery, new PoisonMessageError(attempts), { attempts, since })];
        }
        await this.#commit(events);
        return events.map(() => SETTLED);
      } catch (error) {
        for (const { span } of events) span.failed(error as Error);
        if (!isTransient(error)) {
          for (const { tried } of events) tried.attempts++;
          const [alone, ...others] = events;
          if (!alone || others.length > 0) throw error;
          unexplained++;
          if (error instanceof PermanentError || unexplained >= this.#options.attempts) {
            return [this.#reject(alone.delivery, error as Error, alone.tried)];
          }
        }
        if (isTransient(error)) await this.#withdraw(origins);
        await this.#pause(error as Error, failures);
      }
    }
  }

  async #commit(events: readonly RoutedEvent[]): Promise<void> {
    const { consumer, unitsOfWork, observer } = this.#options;
    const started = performance.now();
    const origins = events.map(({ delivery }) => delivery.origin);
    let endWatch: (() => void) | undefined;
    const transaction = unitsOfWork.run(async (unitOfWork) => {
      endWatch = this.#watch?.watchLocks(unitOfWork.manager, origins);
      const fresh = await unitOfWork.claim(
        consumer,
        events.map(({ event }) => event.id),
      );
      crashPoint('pipeline.claimed');
      const firsts: RoutedEvent[] = [];
      for (const one of events) {
        if (fresh.delete(one.event.id)) firsts.push(one);
        else one.span.duplicate();
      }
      const context = new EventContext([unitOfWork]);
      for (const { route, events: batch } of inOrderPerKey(firsts)) await route.handle(batch, context);
      await this.#watch?.finish(unitOfWork.manager, origins);
      crashPoint('pipeline.handled');
      return firsts.length;
    });
    const handled = await transaction.finally(() => endWatch?.());
    crashPoint('pipeline.committed');
    this.#watch?.forget(origins);
    observer.committed({
      handled,
      duplicates: events.length - handled,
      milliseconds: performance.now() - started,
    });
  }

  /** What cannot be withdrawn, because the database is unavailable, counts as a start. */
  async #withdraw(origins?: readonly string[]): Promise<void> {
    try {
      await this.#watch?.withdraw(origins);
    } catch (error) {
      this.#options.observer.retrying(error as Error, 1);
    }
  }

  #reject(delivery: Delivery, error: Error, { attempts, since }: Tried): Rejection {
    this.#watch?.forget([delivery.origin]);
    this.#options.observer.rejected(delivery, error);
    return { status: 'rejected', error, attempts, firstTried: since, lastTried: new Date() };
  }

  async #pause(error: Error, failures: number): Promise<void> {
    this.#options.observer.retrying(error, failures);
    const { signal } = this.#stopping;
    await this.#options.clock.sleep(backoffDelay(failures, RETRY), signal);
    if (signal.aborted) throw new PipelineStoppedError();
  }
}

const firstTry = (): Tried => ({ attempts: 1, since: new Date() });

/** Splits events into calls of their handlers: as few as order per key allows. */
export function inOrderPerKey(
  events: readonly { route: EventRoute; event: CloudEvent }[],
): { route: EventRoute; events: CloudEvent[] }[] {
  const calls: { route: EventRoute; events: CloudEvent[] }[] = [];
  let current = new Map<symbol, { route: EventRoute; events: CloudEvent[] }>();
  let groupOfKey = new Map<string, symbol>();
  for (const { route, event } of events) {
    const group = groupOfKey.get(event.subject);
    if (group !== undefined && group !== route.group) {
      current = new Map();
      groupOfKey = new Map();
    }
    let call = current.get(route.group);
    if (!call) {
      call = { route, events: [] };
      current.set(route.group, call);
      calls.push(call);
    }
    call.events.push(event);
    groupOfKey.set(event.subject, route.group);
  }
  return calls;
}

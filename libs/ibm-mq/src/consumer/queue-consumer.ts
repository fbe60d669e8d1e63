import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import { backoffDelay, type BackoffOptions } from '../connection/backoff.js';
import type { Connection } from '../connection/connection.js';
import type { InputOptions } from '../connection/input-queue.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import { TimeSlice } from '../connection/time-slice.js';
import { IbmMqError } from '../errors.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingHeaders } from '../message/headers.js';
import { isUnitTooLarge } from '../mqi/reason-codes.js';
import { inquireBackoutPolicy, type BackoutPolicy } from './backout-policy.js';
import type { ExcusedBackouts } from './excused-backouts.js';
import { MessageSource } from './message-source.js';
import { UnitOfWork } from './unit-of-work.js';

export interface QueueConsumerOptions extends InputOptions {
  readonly queue: string;
  /** Most messages of a unit of work. */
  readonly batchSize: number;
  /** Wait after a message that failed alone, and after the queue could not be opened. */
  readonly backoff: BackoffOptions;
  /** Shared by the consumers of the queue. */
  readonly excusedBackouts: ExcusedBackouts;
  readonly handle: (unit: UnitOfWork) => Promise<void>;
  /** Headers to add to a message that is moved away because it was backed out too often. */
  readonly backoutHeaders: (message: IncomingMessage) => OutgoingHeaders;
  readonly logger: Pick<LoggerService, 'warn'>;
  /** Default true; false for replies, which are handled in memory or not at all. */
  readonly movesPoison?: boolean;
  /** Is told the name of the queue whenever it was opened. */
  readonly opened?: (queue: string) => void;
}

/** A connection that consumes. */
interface Session {
  readonly connection: Connection;
  readonly source: MessageSource;
  /** Aborted when the connection is lost or the consumer drains. */
  readonly ending: AbortController;
  /** Aborted when the session has ended; a connection may have several, one after the other. */
  readonly over: AbortController;
  policy: BackoutPolicy;
  policyAge: number;
}

/** Milliseconds for which BOTHRESH and BOQNAME are taken as known when messages come back. */
const POLICY_LIFETIME = 10_000;
/** Milliseconds after which a session counts as a good one, so that its end is a new failure. */
const GOOD_SESSION = 10_000;
const NO_POLICY: BackoutPolicy = { threshold: 0, backoutQueue: '', deadLetterQueue: '', queueManager: '' };

/** Consumes one queue on one connection, unit of work after unit of work, until it is stopped. */
export class QueueConsumer {
  readonly #manager: IbmMqConnectionManager;
  readonly #options: QueueConsumerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connection: Connection | undefined;
  #session: Session | undefined;
  #lastError: Error | undefined = new Error('The consumer has not started.');
  /** Messages to take one by one, after a batch with a message that failed. */
  #alone = 0;
  /** Most messages of a unit of work, fewer than were asked for where the queue manager did not take as many. */
  #largest: number;
  /** Failures in a row of messages that were taken alone. */
  #failures = 0;

  constructor(manager: IbmMqConnectionManager, options: QueueConsumerOptions) {
    this.#manager = manager;
    this.#options = options;
    this.#largest = options.batchSize;
  }

  /** Why it does not consume; undefined when it does. */
  get problem(): Error | undefined {
    return this.#lastError;
  }

  start(): void {
    this.#running = this.#run();
  }

  /**
   * Takes no more messages, finishes and commits the unit of work in hand, and disconnects. What is not finished
   * after `timeout` milliseconds is backed out.
   */
  async stop(timeout: number): Promise<void> {
    this.#stopping.abort(new Error('The consumer is draining.'));
    this.#session?.ending.abort(this.#stopping.signal.reason);
    const late = new AbortController();
    try {
      await Promise.race([this.#finish(), sleep(timeout, undefined, { signal: late.signal })]);
    } finally {
      late.abort();
    }
    this.#connection?.close();
  }

  async #finish(): Promise<void> {
    // A connection that is lost has nothing to stop.
    await this.#session?.source.stop().catch(() => undefined);
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      let started = performance.now();
      try {
        this.#connection = await this.#connect();
        this.#session = this.#open(this.#connection);
        this.#lastError = undefined;
        started = performance.now();
        await this.#consume(this.#session);
      } catch (error) {
        if (this.#stopping.signal.aborted) break;
        this.#lastError = error as Error;
        this.#warn(`is opened again: ${(error as Error).message}`);
        failures = performance.now() - started > GOOD_SESSION ? 1 : failures + 1;
      }
      this.#session?.over.abort();
      this.#session = undefined;
      this.#connection?.closeInput();
      if (failures > 1) await this.#pause(failures - 1);
    }
    this.#connection?.close();
  }

  /** The connection that there is, or another in place of one that is lost. */
  async #connect(): Promise<Connection> {
    if (this.#connection && !this.#connection.lost.aborted) return this.#connection;
    this.#connection?.close();
    return this.#manager.connect(this.#stopping.signal);
  }

  #open(connection: Connection): Session {
    const { queue, movesPoison = true, opened } = this.#options;
    const policy = movesPoison ? inquireBackoutPolicy(connection, queue) : NO_POLICY;
    const source = new MessageSource(connection, queue, this.#options);
    this.#largest = this.#options.batchSize;
    const [ending, over] = [new AbortController(), new AbortController()];
    const lost = () => {
      ending.abort(connection.lost.reason);
      source.probe();
    };
    connection.lost.addEventListener('abort', lost, { once: true, signal: over.signal });
    opened?.(source.queue);
    return { connection, source, ending, over, policy, policyAge: performance.now() };
  }

  /** Returns when the consumer is stopped. */
  async #consume(session: Session): Promise<void> {
    let slice = new TimeSlice();
    for (let more = false; !this.#stopping.signal.aborted;) {
      // With a backlog and handlers that wait for nothing, no unit of work would let the event loop turn.
      if (more && slice.isOver) await slice.next();
      let first = more ? this.#take(session) : undefined;
      if (!first) {
        first = await session.source.next();
        slice = new TimeSlice();
      }
      if (!first) return;
      const started = performance.now();
      const limit: number = this.#alone > 0 || first.backoutCount > 0 ? 1 : this.#largest;
      const messages = await this.#collect(session, first, limit, slice);
      const committed = await this.#process(session, messages, started);
      more = !committed || messages.length === limit;
    }
  }

  /** What is there, at once; never waits for more. */
  async #collect(
    session: Session,
    first: IncomingMessage,
    limit: number,
    slice: TimeSlice,
  ): Promise<IncomingMessage[]> {
    const messages = [first];
    while (messages.length < limit && !this.#stopping.signal.aborted) {
      if (slice.isOver) await slice.next();
      const message = this.#take(session);
      if (!message) break;
      messages.push(message);
    }
    return messages;
  }

  /** A reason why nothing can be taken now, other than the loss of the connection, will be told to the callback. */
  #take(session: Session): IncomingMessage | undefined {
    try {
      return session.source.take();
    } catch (error) {
      if (session.connection.lost.aborted || !(error instanceof IbmMqError)) throw error;
      return undefined;
    }
  }

  /** Whether the unit of work was committed. */
  async #process(session: Session, messages: readonly IncomingMessage[], started: number): Promise<boolean> {
    const { queue } = this.#options;
    const { connection } = session;
    const { observer, tracing } = this.#manager;
    observer.received?.(queue, messages.length);
    if (messages.some(({ backoutCount }) => backoutCount > 0)) await this.#refreshPolicy(session);
    const poison = messages.filter((message) => this.#isPoison(message, session.policy));
    const others = messages.filter((message) => !poison.includes(message));
    const unit = new UnitOfWork(connection, session.policy, tracing, queue, others, session.ending.signal);
    let commitStarted: number | undefined;
    try {
      for (const message of poison)
        await unit.reject(message, { headers: this.#options.backoutHeaders(message) });
      if (others.length > 0) await tracing.process(others, () => this.#options.handle(unit));
      await unit.end();
      commitStarted = performance.now();
      connection.commit();
    } catch (error) {
      await unit.end();
      const handled = commitStarted !== undefined;
      await this.#backOut(session, messages, error, handled);
      return false;
    }
    const ended = performance.now();
    this.#options.excusedBackouts.remove(messages);
    this.#alone = Math.max(0, this.#alone - messages.length);
    this.#failures = 0;
    for (const { kind, queue: target } of unit.rejections) {
      this.#warn(`a message was moved to ${target}`);
      if (kind === 'requeued') observer.requeued?.(queue, target);
      else observer.deadLettered?.(queue, target);
    }
    observer.committed?.(queue, {
      messages: messages.length,
      milliseconds: ended - started,
      commitMilliseconds: ended - commitStarted,
    });
    return true;
  }

  async #backOut(
    { connection }: Session,
    messages: readonly IncomingMessage[],
    error: unknown,
    handled: boolean,
  ): Promise<void> {
    this.#manager.observer.backedOut?.(this.#options.queue, messages.length, error);
    const reason = error instanceof Error ? error.message : JSON.stringify(error);
    this.#warn(`a unit of work with ${messages.length} messages was backed out: ${reason}`);
    // Only what fails alone, by its handler and on a connection that works, may be to blame for it.
    if (messages.length > 1 || handled || connection.lost.aborted)
      this.#options.excusedBackouts.add(messages);
    if (connection.lost.aborted) throw error;
    connection.back();
    if (messages.length > 1) {
      this.#alone = messages.length;
      // What was sent in it counts for MAXUMSGS, too.
      if (error instanceof IbmMqError && isUnitTooLarge(error.reason))
        this.#largest = Math.floor(messages.length / 2);
    } else {
      await this.#pause(++this.#failures);
    }
  }

  #isPoison(message: IncomingMessage, { threshold, backoutQueue, deadLetterQueue }: BackoutPolicy): boolean {
    if (threshold === 0 || message.backoutCount < threshold) return false;
    if (backoutQueue === '' && deadLetterQueue === '') return false;
    return this.#options.excusedBackouts.ownBackouts(message) >= threshold;
  }

  /** An operator may have set BOTHRESH or BOQNAME because of these very messages. */
  async #refreshPolicy(session: Session): Promise<void> {
    const { movesPoison = true } = this.#options;
    if (!movesPoison || performance.now() - session.policyAge < POLICY_LIFETIME) return;
    session.policyAge = performance.now();
    try {
      const { queue } = this.#options;
      session.policy = await this.#manager.use((connection) => inquireBackoutPolicy(connection, queue));
    } catch (error) {
      this.#warn(`BOTHRESH and BOQNAME are taken as before: ${(error as Error).message}`);
    }
  }

  #warn(what: string): void {
    this.#options.logger.warn(`${this.#options.queue}: ${what}`);
  }

  async #pause(failures: number): Promise<void> {
    const delay = backoffDelay(failures, this.#options.backoff);
    await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

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
import { isNotTakenNow, isUnitTooLarge } from '../mqi/reason-codes.js';
import { inquireBackoutPolicy, type BackoutPolicy } from './backout-policy.js';
import type { BackoutLedger } from './backout-ledger.js';
import { MessageSource } from './message-source.js';
import { PUT_BACK_HEADER, type Rejection } from './rejection.js';
import { UnitOfWork } from './unit-of-work.js';

export interface QueueConsumerOptions extends InputOptions {
  readonly queue: string;
  /** Most messages of a unit of work. */
  readonly batchSize: number;
  /** Wait after a message that failed alone, and after the queue could not be opened. */
  readonly backoff: BackoffOptions;
  /** Shared by the consumers of the queue; undefined for replies, which are handled in memory or not at all: none is moved. */
  readonly ledger?: BackoutLedger;
  readonly handle: (unit: UnitOfWork) => Promise<void>;
  /** Headers to add to a message that is moved away because so many deliveries count against it. */
  readonly backoutHeaders: (message: IncomingMessage, deliveries: number) => OutgoingHeaders;
  /** Whether an error of `handle` counts against a message that was handled alone. Default always. */
  readonly countsAgainstMessage?: (error: unknown) => boolean;
  readonly logger: Pick<LoggerService, 'warn'>;
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

/** A unit of work that is neither committed nor backed out. */
interface InFlight {
  readonly messages: readonly IncomingMessage[];
  /** Whether the ledger knows of the delivery. */
  begun: boolean;
  /** Whether it was excused already, because the consumer drains. */
  excused: boolean;
}

/** Milliseconds that an excuse may take; messages are given back without when the ledger does not answer. */
const EXCUSE_TIMEOUT_MS = 3_000;
/** Most milliseconds before a message that could not be moved away is taken again: others may come meanwhile. */
const PUT_BACK_MAX_DELAY_MS = 5_000;
/** Milliseconds for which BOTHRESH and BOQNAME are taken as known when messages come back. */
const POLICY_LIFETIME = 10_000;
/** Milliseconds after which a session counts as a good one, so that its end is a new failure. */
const GOOD_SESSION = 10_000;
const NO_POLICY: BackoutPolicy = { threshold: 0, backoutQueue: '', deadLetterQueue: '', queueManager: '' };

/** Messages that came back are to be taken one by one, not together with others. */
class SuspectsError extends Error {
  constructor() {
    super('Messages among them were backed out before; they are taken one by one.');
  }
}

/** It could not be recorded that a message is handled. */
class LedgerError extends Error {
  constructor(cause: unknown) {
    super(`A delivery could not be recorded: ${String(cause)}`, { cause });
  }
}

/** Consumes one queue on one connection, unit of work after unit of work, until it is stopped. */
export class QueueConsumer {
  readonly #manager: IbmMqConnectionManager;
  readonly #options: QueueConsumerOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connection: Connection | undefined;
  #session: Session | undefined;
  #inFlight: InFlight | undefined;
  #lastError: Error | undefined = new Error('The consumer has not started.');
  /** Messages to take one by one, after a batch with a message that failed. */
  #alone = 0;
  /** Most messages of a unit of work, fewer than were asked for where the queue manager did not take as many. */
  #largest: number;
  /** Failures in a row of messages that were taken alone. */
  #failures = 0;
  /** Units of work in a row of which nothing left the queue. */
  #putBacks = 0;

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
   * Takes no more messages, finishes and commits the unit of work in flight, and disconnects. What is not finished
   * after `timeout` milliseconds is backed out. It is excused at once: whatever ends it from now on, be it an impatient
   * SIGKILL, does not count against its messages.
   */
  async stop(timeout: number): Promise<void> {
    this.#stopping.abort(new Error('The consumer is draining.'));
    this.#session?.ending.abort(this.#stopping.signal.reason);
    const late = new AbortController();
    try {
      const finished = Promise.all([this.#finish(), this.#inFlight && this.#excuse(this.#inFlight)]);
      await Promise.race([finished, sleep(timeout, undefined, { signal: late.signal })]);
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
    const { queue, ledger, opened } = this.#options;
    const policy = ledger ? inquireBackoutPolicy(connection, queue) : NO_POLICY;
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
    const inFlight: InFlight = { messages, begun: false, excused: false };
    this.#inFlight = inFlight;
    const others = messages.filter(({ headers }) => headers[PUT_BACK_HEADER] === undefined);
    const putBack = messages.filter((message) => !others.includes(message));
    const unit = new UnitOfWork(connection, session.policy, tracing, queue, others, session.ending.signal);
    let handled = false;
    let commitStarted: number;
    try {
      for (const message of putBack) await unit.reject(message);
      const against = await this.#begin(inFlight, others, session.policy);
      if (against !== undefined) {
        const [message] = others as [IncomingMessage];
        await unit.reject(message, { headers: this.#options.backoutHeaders(message, against) });
      } else if (others.length > 0) {
        await tracing.process(others, () => this.#options.handle(unit));
      }
      await unit.end();
      handled = true;
      commitStarted = performance.now();
      connection.commit();
    } catch (error) {
      await unit.end();
      await this.#backOut(session, inFlight, error, handled);
      return false;
    } finally {
      this.#inFlight = undefined;
    }
    const ended = performance.now();
    this.#alone = Math.max(0, this.#alone - messages.length);
    this.#failures = 0;
    this.#report(unit.rejections);
    observer.committed?.(queue, {
      messages: messages.length,
      milliseconds: ended - started,
      commitMilliseconds: ended - commitStarted,
    });
    await this.#settle(inFlight);
    const returned = unit.rejections.filter(({ kind }) => kind === 'put-back').length;
    this.#putBacks = returned < messages.length ? 0 : this.#putBacks + 1;
    if (this.#putBacks > 0) await this.#pause(this.#putBacks, PUT_BACK_MAX_DELAY_MS);
    return true;
  }

  #report(rejections: readonly Rejection[]): void {
    const { queue } = this.#options;
    const { observer } = this.#manager;
    for (const { kind, queue: target } of rejections) {
      if (kind === 'put-back') {
        this.#warn('a message that cannot be moved away was put behind the others of its queue');
        observer.putBack?.(queue);
        continue;
      }
      this.#warn(`a message was moved to ${target}`);
      if (kind === 'requeued') observer.requeued?.(queue, target);
      else observer.deadLettered?.(queue, target);
    }
  }

  /**
   * Records that a message which came back is handled once more.
   *
   * @returns how many deliveries count against it, when these are as many as BOTHRESH: it is to be moved away instead.
   * @throws SuspectsError when messages that came back are among others: only alone can it be seen which one is to blame.
   */
  async #begin(
    inFlight: InFlight,
    messages: readonly IncomingMessage[],
    { threshold, backoutQueue, deadLetterQueue }: BackoutPolicy,
  ): Promise<number | undefined> {
    const { ledger } = this.#options;
    const [message] = messages;
    if (!ledger || threshold === 0 || !message) return undefined;
    // With nowhere to go it is tried again, for as long as it takes.
    if (backoutQueue === '' && deadLetterQueue === '') return undefined;
    if (!messages.some(({ backoutCount }) => backoutCount > 0)) return undefined;
    if (messages.length > 1) throw new SuspectsError();
    const against = await ledger.begin(message).catch((cause: unknown) => {
      throw new LedgerError(cause);
    });
    inFlight.begun = true;
    if (this.#stopping.signal.aborted) {
      // What was excused did not hold this delivery yet.
      inFlight.excused = false;
      await this.#excuse(inFlight);
    }
    return against >= threshold ? against : undefined;
  }

  async #backOut(
    { connection }: Session,
    inFlight: InFlight,
    error: unknown,
    handled: boolean,
  ): Promise<void> {
    const { messages } = inFlight;
    this.#manager.observer.backedOut?.(this.#options.queue, messages.length, error);
    const reason = error instanceof Error ? error.message : JSON.stringify(error);
    this.#warn(`a unit of work with ${messages.length} messages was backed out: ${reason}`);
    if (handled || connection.lost.aborted || !this.#isOwnFailure(messages, error))
      await this.#excuse(inFlight);
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

  /** Only what fails alone, by its handler, while nothing else is in trouble and nobody stops, may be to blame for it. */
  #isOwnFailure(messages: readonly IncomingMessage[], error: unknown): boolean {
    if (messages.length > 1 || this.#stopping.signal.aborted) return false;
    if (error instanceof LedgerError) return false;
    if (error instanceof IbmMqError && isNotTakenNow(error.reason)) return false;
    return this.#options.countsAgainstMessage?.(error) ?? true;
  }

  async #excuse(inFlight: InFlight): Promise<void> {
    if (inFlight.excused) return;
    inFlight.excused = true;
    await this.#record('excused', (ledger) => ledger.excuse(inFlight.messages, inFlight.begun));
  }

  async #settle({ messages, excused }: InFlight): Promise<void> {
    const known = excused ? messages : messages.filter(({ backoutCount }) => backoutCount > 0);
    if (known.length > 0) await this.#record('settled', (ledger) => ledger.settle(known));
  }

  /** Never rejects, nor waits for long: messages must not be held because of it. */
  async #record(what: string, record: (ledger: BackoutLedger) => Promise<void>): Promise<void> {
    const { ledger } = this.#options;
    if (!ledger) return;
    const done = new AbortController();
    const late = sleep(EXCUSE_TIMEOUT_MS, 'it takes too long', { signal: done.signal }).catch(
      () => undefined,
    );
    const recorded = record(ledger).catch((error: unknown) => String(error));
    const problem = await Promise.race([recorded, late]);
    done.abort();
    if (problem !== undefined) this.#warn(`backouts could not be recorded as ${what}: ${problem}`);
  }

  /** An operator may have set BOTHRESH or BOQNAME because of these very messages. */
  async #refreshPolicy(session: Session): Promise<void> {
    if (!this.#options.ledger || performance.now() - session.policyAge < POLICY_LIFETIME) return;
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

  async #pause(failures: number, maxDelay = Infinity): Promise<void> {
    const delay = Math.min(maxDelay, backoffDelay(failures, this.#options.backoff));
    await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

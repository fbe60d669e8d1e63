import { Mutex } from '../connection/mutex.js';
import type { Connection } from '../connection/connection.js';
import { TimeSlice } from '../connection/time-slice.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { putMessage } from '../sender/put-message.js';
import type { IbmMqTracing } from '../tracing/tracing.js';
import type { BackoutPolicy } from './backout-policy.js';
import { moveAway, type RejectOptions, type Rejection } from './rejection.js';

/**
 * Messages taken together, and what is sent because of them: all of it is committed, or all is backed out and taken
 * again. The consumer commits when what handles the unit of work has resolved, and backs out when it rejects.
 */
export class UnitOfWork {
  /** The queue they were taken from. */
  readonly queue: string;
  /** In the order of the queue: at least one, at most the batch size. */
  readonly messages: readonly IncomingMessage[];
  readonly #connection: Connection;
  readonly #policy: BackoutPolicy;
  readonly #tracing: IbmMqTracing;
  /** Verbs of one connection, and the messages of one sender, come one after the other. */
  readonly #turn = new Mutex();
  readonly #rejections: Rejection[] = [];
  readonly #rejected = new Set<IncomingMessage>();
  readonly #ending: AbortSignal;
  #controller: AbortController | undefined;
  #ended = false;

  /** @internal */
  constructor(
    connection: Connection,
    policy: BackoutPolicy,
    tracing: IbmMqTracing,
    queue: string,
    messages: readonly IncomingMessage[],
    ending: AbortSignal,
  ) {
    this.#connection = connection;
    this.#policy = policy;
    this.#tracing = tracing;
    this.queue = queue;
    this.messages = messages;
    this.#ending = ending;
  }

  /**
   * Aborted when the connection was lost, so that the commit can only fail, or when the consumer is draining: what
   * only waits should give up then, what is nearly done should finish.
   */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#ending.aborted) this.#abort();
      // A consumer's signal outlives its units of work, and would collect the listeners of them all.
      else this.#ending.addEventListener('abort', this.#abort, { once: true });
    }
    return this.#controller.signal;
  }

  /**
   * Sends messages in this unit of work: they are there for others when it is committed, in the order of the calls.
   *
   * @throws IbmMqError when a message cannot be put, for example because its queue is full; those before it stay part
   * of the unit of work. InvalidMessageError for what MQ cannot hold.
   */
  send(...messages: readonly OutgoingMessage[]): Promise<void> {
    return this.#tracing.send(messages, (contextOf) =>
      this.#inTurn(async () => {
        const slice = new TimeSlice();
        for (const message of messages) {
          if (slice.isOver) await slice.next();
          putMessage(this.#connection, message, contextOf(message));
        }
      }),
    );
  }

  /**
   * Moves one of the messages to the backout queue (BOQNAME) of the queue, or else to the dead-letter queue with an
   * MQDLH, as a part of this unit of work: the others are not touched. Its ids, properties, bytes and put context
   * stay, `headers` are added. A second call for the same message does nothing.
   *
   * @throws Error when neither queue is there or takes it.
   */
  reject(message: IncomingMessage, options: RejectOptions = {}): Promise<void> {
    return this.#inTurn(() => {
      if (this.#rejected.has(message)) return;
      this.#rejections.push(moveAway(this.#connection, message, this.#policy, options));
      this.#rejected.add(message);
    });
  }

  /** @internal Where messages were moved to. */
  get rejections(): readonly Rejection[] {
    return this.#rejections;
  }

  /** @internal Lets the verbs under way finish and no more begin. */
  end(): Promise<void> {
    this.#ended = true;
    this.#ending.removeEventListener('abort', this.#abort);
    return this.#turn.run(() => Promise.resolve());
  }

  readonly #abort = (): void => this.#controller?.abort(this.#ending.reason);

  #inTurn(work: () => void | Promise<void>): Promise<void> {
    return this.#turn.run(async () => {
      if (this.#ended) throw new Error(`The unit of work on ${this.queue} has ended.`);
      await work();
    });
  }
}

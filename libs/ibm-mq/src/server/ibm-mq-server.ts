import { Logger } from '@nestjs/common';
import {
  Server,
  type ConsumerDeserializer,
  type ConsumerSerializer,
  type CustomTransportStrategy,
  type MessageHandler,
  type OutgoingResponse,
} from '@nestjs/microservices';
import { isObservable, lastValueFrom, tap, type Observable } from 'rxjs';
import type { BackoffOptions } from '../connection/backoff.js';
import type { InputOptions } from '../connection/input-queue.js';
import { IbmMqConnectionManager, type IbmMqStatus } from '../connection/connection-manager.js';
import type { IbmMqConnectionOptions } from '../connection/connection-options.js';
import type { BackoutLedger } from '../consumer/backout-ledger.js';
import { MemoryBackoutLedger } from '../consumer/memory-backout-ledger.js';
import { QueueConsumer } from '../consumer/queue-consumer.js';
import type { UnitOfWork } from '../consumer/unit-of-work.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingHeaders } from '../message/headers.js';
import { replyTo } from '../message/reply.js';
import { loadIbmmq } from '../mqi/ibmmq.js';
import { IbmMqContext } from './ibm-mq-context.js';
import { IbmMqDeserializer } from './ibm-mq-deserializer.js';
import { IbmMqReplySerializer, type SerializedReply } from './ibm-mq-reply-serializer.js';
import { IBM_MQ, type HandlerOptions } from './transport.js';

export interface QueueOptions extends InputOptions {
  /** Connections that consume the queue side by side; more than one gives up the order. Default 1. */
  readonly consumers?: number;
  /** Most messages of a unit of work. Default: `batchSize` of the server for batch handlers, 1 for others. */
  readonly batchSize?: number;
}

export interface IbmMqServerOptions {
  /** How to reach the queue manager, or a manager that others use, too; that one is not closed with the server. */
  readonly connection: IbmMqConnectionOptions | IbmMqConnectionManager;
  /** Queues to consume, beside those that handlers name, and options for both. */
  readonly queues?: Readonly<Record<string, QueueOptions>>;
  /** Most messages that a batch handler gets in one unit of work; keep it far below MAXUMSGS. Default 50. */
  readonly batchSize?: number;
  /** Connections per queue. Default 1. */
  readonly consumers?: number;
  /** Waits after a message that failed alone, and after a queue that could not be opened. Default 200 to 30,000 ms. */
  readonly backoff?: Partial<BackoffOptions>;
  /** Milliseconds for which `close` waits for units of work in hand. Default 20,000. */
  readonly drainTimeout?: number;
  /**
   * Knows which deliveries of a message count against it. Default: in memory, so that a message may be moved because of
   * backouts by other processes, such as graceful restarts; one that replicas share and that outlives them knows better.
   */
  readonly ledger?: BackoutLedger;
  /** Turns a message into the payload for the handler. */
  readonly deserializer?: ConsumerDeserializer;
  /** Turns what a request handler returns into a reply. */
  readonly serializer?: ConsumerSerializer;
}

const DEFAULTS = { batchSize: 50, consumers: 1, drainTimeout: 20_000 };
const BACKOFF = { initialDelay: 200, maxDelay: 30_000 };

/**
 * Nest strategy that consumes IBM MQ queues in units of work: `connectMicroservice({ strategy: new IbmMqServer(…) })`.
 *
 * A handler's pattern is the name of its queue. Its message is committed when the handler has completed (its Promise
 * or Observable), and backed out when it fails, to be delivered again: at least once. After a failed batch its
 * messages are taken one by one. A message that has failed by itself BOTHRESH times, or ended the process, is moved to
 * BOQNAME, or else to the dead-letter queue.
 *
 * Starting never fails because the queue manager is away; `check` tells.
 */
export class IbmMqServer extends Server<never, IbmMqStatus> implements CustomTransportStrategy {
  override readonly transportId = IBM_MQ;
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(IbmMqServer.name);
  protected readonly manager: IbmMqConnectionManager;
  readonly #options: IbmMqServerOptions;
  readonly #ownsManager: boolean;
  readonly #consumers: QueueConsumer[] = [];

  constructor(options: IbmMqServerOptions) {
    super();
    this.#options = options;
    ({ manager: this.manager, isOwn: this.#ownsManager } = IbmMqConnectionManager.of(options.connection));
    this.deserializer = options.deserializer ?? new IbmMqDeserializer();
    this.serializer = options.serializer ?? new IbmMqReplySerializer();
  }

  /** The status of the connection to the queue manager, now and whenever it changes. */
  override get status(): Observable<IbmMqStatus> {
    return this.manager.status$;
  }

  /** @throws IbmMqLibraryError, through the callback, when the MQ client library is missing. */
  listen(callback: (error?: unknown) => void): void {
    try {
      loadIbmmq();
      for (const queue of this.queues()) this.#consume(queue);
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /**
   * Takes no more messages, finishes and commits the units of work in hand, and disconnects. Those not finished within
   * `drainTimeout` are backed out.
   */
  async close(): Promise<void> {
    if (this.#ownsManager) this.manager.drain();
    const timeout = this.#options.drainTimeout ?? DEFAULTS.drainTimeout;
    await Promise.all(this.#consumers.map((consumer) => consumer.stop(timeout)));
    if (this.#ownsManager) await this.manager.close();
  }

  /** Resolves when every consumer consumes and the queue manager answers; else rejects with the reason. */
  async check(): Promise<void> {
    await this.manager.check();
    for (const { problem } of this.#consumers) if (problem) throw problem;
  }

  on(): never {
    throw new Error('IbmMqServer emits no events; see `status` and the observer of the connection manager.');
  }

  /** The connection manager. */
  unwrap<Unwrapped>(): Unwrapped {
    return this.manager as Unwrapped;
  }

  /** The queues to consume. */
  protected queues(): Iterable<string> {
    return new Set([...this.messageHandlers.keys(), ...Object.keys(this.#options.queues ?? {})]);
  }

  /** Most messages of a unit of work of the queue. */
  protected batchSize(queue: string): number {
    const { queues, batchSize = DEFAULTS.batchSize } = this.#options;
    const options = this.getHandlerByPattern(queue)?.extras as HandlerOptions | undefined;
    return queues?.[queue]?.batchSize ?? (options?.batch ? batchSize : 1);
  }

  /**
   * Handles a unit of work: when it resolves, the unit is committed, when it rejects, backed out. The default calls the
   * handler whose pattern is the queue.
   */
  protected async handleUnitOfWork(unit: UnitOfWork): Promise<void> {
    const handler = this.getHandlerByPattern(unit.queue);
    if (!handler) throw new Error(`There is no handler for the queue ${unit.queue}.`);
    if ((handler.extras as HandlerOptions | undefined)?.batch) {
      const payloads = await Promise.all(unit.messages.map((message) => this.#payload(message)));
      await this.#call(handler, payloads, unit);
      return;
    }
    for (const message of unit.messages) {
      if (handler.isEventHandler) await this.#call(handler, await this.#payload(message), unit);
      else await this.#answer(handler, message, unit);
    }
  }

  /** Headers to add to a message that is moved away because so many deliveries count against it. Default none. */
  protected backoutHeaders(_message: IncomingMessage, _deliveries: number): OutgoingHeaders {
    return {};
  }

  /** Whether an error of `handleUnitOfWork` counts against a message that was handled alone. Default always. */
  protected countsAgainstMessage(_error: unknown): boolean {
    return true;
  }

  #consume(queue: string): void {
    const { queues, consumers = DEFAULTS.consumers, backoff } = this.#options;
    const { consumers: ofQueue = consumers, selector, inGroups } = queues?.[queue] ?? {};
    const ledger = this.#options.ledger ?? new MemoryBackoutLedger();
    for (let i = 0; i < ofQueue; i++) {
      const consumer = new QueueConsumer(this.manager, {
        queue,
        selector,
        inGroups,
        batchSize: this.batchSize(queue),
        backoff: { ...BACKOFF, ...backoff },
        ledger,
        handle: (unit) => this.handleUnitOfWork(unit),
        backoutHeaders: (message, deliveries) => this.backoutHeaders(message, deliveries),
        countsAgainstMessage: (error) => this.countsAgainstMessage(error),
        logger: this.logger,
      });
      this.#consumers.push(consumer);
      consumer.start();
    }
  }

  /**
   * Calls a request handler and sends the values of its result, or its error, as replies in the unit of work. A message
   * that is no request gets no reply; then an error backs it out.
   */
  async #answer(handler: MessageHandler, message: IncomingMessage, unit: UnitOfWork): Promise<void> {
    const responses: unknown[] = [];
    let failure: { err: unknown } | undefined;
    try {
      await this.#call(handler, await this.#payload(message), unit, (response) => responses.push(response));
    } catch (error) {
      if (!message.replyTo) throw error;
      failure = { err: error };
    }
    if (!message.replyTo) return;
    const id = message.messageId;
    const packets: OutgoingResponse[] = responses.map((response) => ({ id, response }));
    if (failure) packets.push({ id, ...failure });
    else if (packets.length === 0) packets.push({ id });
    (packets.at(-1) as OutgoingResponse).isDisposed = true;
    for (const packet of packets) {
      const reply = (await this.serializer.serialize(packet)) as SerializedReply;
      await unit.send({ ...reply, ...replyTo(message) });
    }
  }

  async #payload(message: IncomingMessage): Promise<unknown> {
    const { data } = await this.deserializer.deserialize(message, { channel: message.queue });
    return data as unknown;
  }

  /** Resolves when what the handler returned has completed. The base class would not wait for it. */
  #call(
    handler: MessageHandler,
    payload: unknown,
    unit: UnitOfWork,
    next: (value: unknown) => void = () => undefined,
  ): Promise<void> {
    const context = new IbmMqContext([unit]);
    return new Promise((resolve, reject) => {
      this.runWithProcessingHooks(context, async (runEndHook) => {
        try {
          const result: unknown = await handler(payload, context);
          if (isObservable(result)) await lastValueFrom(result.pipe(tap(next)), { defaultValue: undefined });
          else if (result !== undefined) next(result);
          resolve();
        } catch (error) {
          reject(error);
        } finally {
          runEndHook();
        }
      });
    });
  }
}

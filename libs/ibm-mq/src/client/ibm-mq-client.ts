import {
  ClientProxy,
  type ProducerDeserializer,
  type ProducerSerializer,
  type ReadPacket,
  type WritePacket,
} from '@nestjs/microservices';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { IbmMqConnectionManager, type IbmMqStatus } from '../connection/connection-manager.js';
import type { IbmMqConnectionOptions } from '../connection/connection-options.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { ReportOption } from '../message/reply.js';
import { loadIbmmq } from '../mqi/ibmmq.js';
import { Sender } from '../sender/sender.js';
import { UnitSplitter, type SendReport } from '../sender/unit-splitter.js';
import { IbmMqReplyDeserializer } from './ibm-mq-reply-deserializer.js';
import { IbmMqSerializer } from './ibm-mq-serializer.js';
import { Replies } from './replies.js';

export interface IbmMqClientOptions {
  /** How to reach the queue manager, or a manager that others use, too; that one is not closed with the client. */
  readonly connection: IbmMqConnectionOptions | IbmMqConnectionManager;
  /** Milliseconds for which sending waits for a connection. Default 30,000. */
  readonly sendTimeout?: number;
  /**
   * Where the replies to `send` come: a local queue from which nobody else takes, or a model queue, of which each
   * client makes a dynamic queue of its own (for example `SYSTEM.DEFAULT.MODEL.QUEUE`). Without it `send` fails.
   */
  readonly replyQueue?: string;
  /** Milliseconds for which `send` waits for a reply; requests expire with it. Default 30,000. */
  readonly requestTimeout?: number;
  /** Turns pattern and payload into an outgoing message. */
  readonly serializer?: ProducerSerializer;
  /** Turns a reply into a response. */
  readonly deserializer?: ProducerDeserializer;
}

const DEFAULTS = { sendTimeout: 30_000, requestTimeout: 30_000, unitSize: 100 };

/** No reply came in time. The request may have been handled all the same. */
export class IbmMqTimeoutError extends Error {
  override readonly name = 'IbmMqTimeoutError';
}

/**
 * Nest client that sends to IBM MQ queues; a pattern is the name of a queue. `emit` sends one message in a unit of work
 * of its own; `sendBatch` sends many in one, at a fraction of the cost. `send` sends a request and waits for the reply.
 */
export class IbmMqClient extends ClientProxy<never, IbmMqStatus> implements OnApplicationShutdown {
  readonly manager: IbmMqConnectionManager;
  readonly #options: IbmMqClientOptions;
  readonly #ownsManager: boolean;
  readonly #sender: Sender;
  #replies: Replies | undefined;

  constructor(options: IbmMqClientOptions) {
    super();
    this.#options = options;
    ({ manager: this.manager, isOwn: this.#ownsManager } = IbmMqConnectionManager.of(options.connection));
    this.#sender = new Sender(this.manager, options.sendTimeout ?? DEFAULTS.sendTimeout);
    this.serializer = options.serializer ?? new IbmMqSerializer();
    this.deserializer = options.deserializer ?? new IbmMqReplyDeserializer();
  }

  /** The status of the connection to the queue manager, now and whenever it changes. */
  override get status(): Observable<IbmMqStatus> {
    return this.manager.status$;
  }

  /**
   * Connects ahead of the first message.
   *
   * @throws IbmMqLibraryError when the MQ client library is missing; IbmMqUnavailableError when nothing answers within
   * `sendTimeout`.
   */
  async connect(): Promise<void> {
    loadIbmmq();
    if (this.manager.isConnected()) return;
    await this.manager.use(() => undefined, {
      timeout: this.#options.sendTimeout ?? DEFAULTS.sendTimeout,
    });
  }

  /** Finishes what is being sent and disconnects; requests that wait for a reply fail. */
  async close(): Promise<void> {
    await this.#replies?.close();
    if (this.#ownsManager) await this.manager.close();
  }

  /** Nest calls it when the client is a provider. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /**
   * Sends all messages, in their order, in one unit of work: resolves when it is committed. A connection that is lost
   * before the commit is replaced and the unit of work begun again, which is safe.
   *
   * @throws IbmMqUnavailableError when there is no connection within `sendTimeout`. IbmMqError when a message cannot be
   * put or the commit fails: then none was sent, except when it is `inDoubt` (the connection was lost within the
   * commit), when all or none were. InvalidMessageError for headers or identifiers that MQ cannot hold. To repeat a call after an
   * error is to send at least once.
   */
  sendBatch(messages: readonly OutgoingMessage[]): Promise<void> {
    return this.#sender.sendBatch(messages);
  }

  /**
   * Sends messages, in their order per queue, in units of work of up to `unitSize` (default 100), which are halved, down to
   * single messages, while the queue manager does not take them: MAXUMSGS, a queue, a log or a disk that is nearly full.
   * What is sent is committed and in the report; a message that is refused hurts only itself; what a queue does not take
   * at present, and all behind it for that queue, is left to the caller.
   */
  sendAll<Message extends OutgoingMessage>(
    messages: readonly Message[],
    { unitSize = DEFAULTS.unitSize }: { unitSize?: number } = {},
  ): Promise<SendReport<Message>> {
    return new UnitSplitter((unit) => this.sendBatch(unit), unitSize).sendAll(messages);
  }

  /** How many messages are on a queue (CURDEPTH), uncommitted ones included. */
  queueDepth(queue: string): Promise<number> {
    return this.manager.queueDepth(queue);
  }

  /** Resolves when the queue manager has answered; else rejects with the reason. */
  async check(): Promise<void> {
    await this.manager.check();
    if (this.#replies?.problem) throw this.#replies.problem;
  }

  /** The connection manager. */
  unwrap<Unwrapped>(): Unwrapped {
    return this.manager as Unwrapped;
  }

  protected async dispatchEvent<Result>(packet: ReadPacket): Promise<Result> {
    await this.sendBatch([this.#serialize(packet)]);
    return undefined as Result;
  }

  protected publish(packet: ReadPacket, callback: (packet: WritePacket) => void): () => void {
    const { replyQueue, requestTimeout = DEFAULTS.requestTimeout } = this.#options;
    if (replyQueue === undefined) {
      callback({ err: new Error('IbmMqClient.send needs the option replyQueue.') });
      return () => undefined;
    }
    this.#replies ??= new Replies(this.manager, replyQueue);
    const fail = (error: unknown) => {
      finish();
      callback({ err: error });
    };
    const expected = this.#replies.expect(
      (reply) => void this.#replied(reply, callback, finish).catch(fail),
      fail,
    );
    const timeout = setTimeout(
      () => fail(new IbmMqTimeoutError(`No reply came within ${requestTimeout} ms.`)),
      requestTimeout,
    );
    const finish = () => {
      clearTimeout(timeout);
      expected.cancel();
    };
    this.#request(packet, expected.messageId, this.#replies, requestTimeout).catch(fail);
    return finish;
  }

  async #request(packet: ReadPacket, messageId: string, replies: Replies, expiry: number): Promise<void> {
    const message = this.#serialize(packet);
    const queue = await replies.queue();
    await this.sendBatch([
      {
        persistent: false,
        expiry,
        ...message,
        messageId,
        replyTo: { queue },
        report: (message.report ?? 0) | ReportOption.PASS_DISCARD_AND_EXPIRY,
      },
    ]);
  }

  async #replied(
    reply: IncomingMessage,
    callback: (packet: WritePacket) => void,
    finish: () => void,
  ): Promise<void> {
    const { err, response, isDisposed } = (await this.deserializer.deserialize(reply)) as WritePacket;
    if (err !== undefined || isDisposed) finish();
    callback({ err, response, isDisposed });
  }

  #serialize({ pattern, ...packet }: ReadPacket): OutgoingMessage {
    return this.serializer.serialize({
      ...packet,
      pattern: this.normalizePattern(pattern),
    }) as OutgoingMessage;
  }
}

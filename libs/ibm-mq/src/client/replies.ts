import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import { QueueConsumer } from '../consumer/queue-consumer.js';
import { IbmMqUnavailableError } from '../errors.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import { ID_LENGTH } from '../mqi/constants.js';

export interface ExpectedReply {
  /** Message id for the request; the reply's correlation id tells what it answers. */
  readonly messageId: string;
  readonly cancel: () => void;
}

interface Pending {
  readonly received: (reply: IncomingMessage) => void;
  readonly failed: (error: Error) => void;
}

const BATCH_SIZE = 50;
const BACKOFF = { initialDelay: 200, maxDelay: 15_000 };

/** Takes the replies from the reply queue of a client, and gives each to the request that waits for it. */
export class Replies {
  readonly #consumer: QueueConsumer;
  readonly #pending = new Map<string, Pending>();
  readonly #opened: Promise<void>;
  #queue: string | undefined;

  constructor(manager: IbmMqConnectionManager, queue: string) {
    let opened: () => void;
    this.#opened = new Promise((resolve) => (opened = resolve));
    this.#consumer = new QueueConsumer(manager, {
      queue,
      batchSize: BATCH_SIZE,
      backoff: BACKOFF,
      backoutHeaders: () => ({}),
      logger: new Logger(Replies.name),
      handle: ({ messages }) => {
        for (const message of messages) this.#received(message);
        return Promise.resolve();
      },
      opened: (name) => {
        this.#reopened(name);
        opened();
      },
    });
    this.#consumer.start();
  }

  /** Resolves with the name of the queue to ask replies for, when it is open. */
  async queue(): Promise<string> {
    await this.#opened;
    return this.#queue as string;
  }

  /** Why the reply queue is not open; undefined when it is. */
  get problem(): Error | undefined {
    return this.#consumer.problem;
  }

  /** Makes a message id, under whose value as correlation id replies are given to `received` until it is cancelled. */
  expect(received: (reply: IncomingMessage) => void, failed: (error: Error) => void): ExpectedReply {
    const messageId = randomBytes(ID_LENGTH).toString('hex');
    this.#pending.set(messageId, { received, failed });
    return { messageId, cancel: () => this.#pending.delete(messageId) };
  }

  async close(): Promise<void> {
    this.#failAll(new IbmMqUnavailableError('The client was closed before the reply came.'));
    await this.#consumer.stop(0);
  }

  #received(reply: IncomingMessage): void {
    this.#pending.get(reply.correlationId ?? '')?.received(reply);
  }

  /** A dynamic queue is gone with its connection, and with it the replies that were on their way. */
  #reopened(name: string): void {
    if (this.#queue !== undefined && this.#queue !== name) {
      this.#failAll(new IbmMqUnavailableError('The connection was lost before the reply came.'));
    }
    this.#queue = name;
  }

  #failAll(error: Error): void {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { failed } of waiting) failed(error);
  }
}

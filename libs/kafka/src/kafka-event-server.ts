import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import {
  backoffDelay,
  eventRoutes,
  isTransient,
  Pipeline,
  PipelineStoppedError,
  type Delivery,
  type PipelineObserver,
  type Rejection,
  type Starts,
  type UnitsOfWork,
} from '@orderbridge/messaging';
import type { Consumer, EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.js';
import { deadLetter, deadLetterTopic } from './kafka-dead-letters.js';
import { OffsetCommitter } from './offset-committer.js';

export interface KafkaEventServerOptions {
  readonly connection: KafkaConnection;
  /** Consumer group, and consumer in the inbox: the service. */
  readonly group: string;
  readonly topics: readonly string[];
  readonly unitsOfWork: UnitsOfWork;
  readonly observer: PipelineObserver;
  /** Where starts are written down, to find messages that end the process. Default: nowhere. */
  readonly starts?: Starts;
}

const RETRY = { initial: 200, max: 5_000 };
/** Milliseconds by which committed offsets may lag behind. */
const COMMIT_DELAY = 500;
/** Bytes fetched at once, per partition and in all: bounds the memory of what waits to be handled. */
const MAX_BYTES_PER_PARTITION = 256 * 1024;
const MAX_BYTES = 2 * 1024 * 1024;
/** Partitions of one fetch that are handled at the same time and may share a transaction. */
const PARTITIONS_AT_ONCE = 8;

/**
 * Nest strategy that takes the events of `@OnEvent` handlers from Kafka, in batches, through the inbox. An offset is
 * committed only after the database has committed what was done with the message (design rule 2). A broker that is
 * away, at the start too, is waited for.
 */
export class KafkaEventServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('kafka-events');
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(KafkaEventServer.name);
  readonly #options: KafkaEventServerOptions;
  readonly #offsets: OffsetCommitter;
  readonly #stopping = new AbortController();
  #pipeline: Pipeline | undefined;
  #consumer: Consumer | undefined;
  #running: Promise<void> | undefined;
  #joined = false;

  constructor(options: KafkaEventServerOptions) {
    super();
    this.#options = options;
    this.#offsets = new OffsetCommitter(COMMIT_DELAY, (error) =>
      this.logger.warn(`Offsets are committed later: ${error.message}`),
    );
  }

  listen(callback: (error?: unknown) => void): void {
    try {
      const { group, topics, unitsOfWork, observer, starts } = this.#options;
      const routes = eventRoutes(this.messageHandlers);
      this.#pipeline = new Pipeline({ consumer: group, routes, unitsOfWork, observer, starts });
      this.#running = this.#run(topics);
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Finishes and commits what was taken, then leaves the group. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#pipeline?.stop();
    await this.#running;
  }

  /** Resolves when the consumer is a member of its group. */
  check(): Promise<void> {
    return this.#joined
      ? Promise.resolve()
      : Promise.reject(new Error('The consumer has not joined its group.'));
  }

  on(): never {
    throw new Error('KafkaEventServer emits no events.');
  }

  unwrap<Unwrapped>(): Unwrapped {
    return this.#consumer as Unwrapped;
  }

  async #run(topics: readonly string[]): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        await this.#consume(topics, () => (failures = 0));
      } catch (error) {
        this.logger.warn(`Waiting for Kafka: ${(error as Error).message}`);
      }
      if (!signal.aborted)
        await sleep(backoffDelay(Math.max(failures, 1), RETRY), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when the consumer has to be made anew, or at the stop. */
  async #consume(topics: readonly string[], joined: () => void): Promise<void> {
    const { connection, group } = this.#options;
    await connection.ensureTopics([...topics, ...topics.map((topic) => deadLetterTopic(topic, group))]);
    const sessionTimeout = connection.config.KAFKA_SESSION_TIMEOUT_MS;
    const consumer = connection.consumer({
      groupId: group,
      sessionTimeout,
      heartbeatInterval: Math.floor(sessionTimeout / 4),
      rebalanceTimeout: sessionTimeout * 2,
      maxWaitTimeInMs: 1_000,
      minBytes: 1,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      maxBytes: MAX_BYTES,
      allowAutoTopicCreation: false,
      retry: {
        retries: 5,
        initialRetryTime: 100,
        maxRetryTime: 2_000,
        restartOnFailure: () => Promise.resolve(true),
      },
    });
    this.#consumer = consumer;
    const ended = new Promise<void>((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        this.#joined = false;
        if (!payload.restart) resolve();
      });
      this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#joined = true;
      this.#pipeline?.takesOver();
      joined();
      this.logger.log({ message: `Joined the group ${group}`, assignment: payload.memberAssignment });
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        // kafkajs would commit after every batch; the OffsetCommitter does it less often.
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#handle(payload, sessionTimeout / 4),
      });
      await ended;
    } finally {
      this.#joined = false;
      await this.#offsets.flush();
      await consumer.disconnect();
    }
  }

  async #handle(payload: EachBatchPayload, heartbeatInterval: number): Promise<void> {
    const { batch } = payload;
    if (!payload.isRunning() || payload.isStale() || !this.#pipeline) return;
    // A rebalance is told by the heartbeat after the batch; until then only the session must live on.
    const beating = setInterval(() => void payload.heartbeat().catch(() => undefined), heartbeatInterval);
    try {
      const deliveries = batch.messages.map((message) => toDelivery(batch.topic, batch.partition, message));
      const outcomes = await this.#pipeline.process(deliveries);
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status !== 'rejected') continue;
        await this.#deadLetter(batch, index, deliveries[index] as Delivery, outcome);
      }
      payload.resolveOffset(batch.lastOffset());
      this.#offsets.resolved(payload);
    } catch (error) {
      if (!(error instanceof PipelineStoppedError)) throw error;
      return;
    } finally {
      clearInterval(beating);
    }
    await payload.heartbeat();
  }

  async #deadLetter(
    { topic, partition, messages }: EachBatchPayload['batch'],
    index: number,
    delivery: Delivery,
    rejection: Rejection,
  ): Promise<void> {
    const message = messages[index] as KafkaMessage;
    const position = { topic, partition, offset: message.offset };
    const { unitsOfWork, group } = this.#options;
    for (let failures = 1; ; failures++) {
      try {
        await deadLetter(unitsOfWork, group, position, message, delivery, rejection);
        return;
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#options.observer.retrying(error as Error, failures);
        const { signal } = this.#stopping;
        await sleep(backoffDelay(failures, RETRY), undefined, { signal }).catch(() => undefined);
        if (signal.aborted) throw new PipelineStoppedError();
      }
    }
  }
}

function toDelivery(
  topic: string,
  partition: number,
  { offset, key, headers, value }: KafkaMessage,
): Delivery {
  return {
    source: { broker: 'kafka', name: topic },
    origin: `kafka ${topic}/${partition}@${offset}`,
    key: key?.toString() ?? '',
    headers: toText(headers ?? {}),
    body: value ?? Buffer.alloc(0),
  };
}

function toText(headers: IHeaders): Record<string, string | undefined> {
  const text: Record<string, string | undefined> = {};
  for (const name in headers) {
    const value = headers[name];
    text[name] = (Array.isArray(value) ? value.at(-1) : value)?.toString();
  }
  return text;
}

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
import type { Batch, Consumer, EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.js';
import { deadLetter, deadLetterTopic, originOf, type KafkaPosition } from './kafka-dead-letters.js';
import { OffsetCommitter } from './offset-committer.js';
import { unreadableOf } from './record-batches/fetched-message.js';
import { isAnotherTopic } from './topic-identity/position-identity.js';

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
/** Milliseconds before a consumer that had joined its group joins it again. */
const REJOIN = { initial: 200, max: 60_000 };
/** Milliseconds of membership after which a failure is the first one. */
const STABLE_MS = 60_000;
/** Milliseconds between two checks that the topics exist. */
const TOPIC_CHECK_MS = 5_000;
/** How often a message that cannot be read is fetched before it is a dead letter. */
const READS = 3;
const NOT_JOINED = new Error('The consumer has not joined its group.');
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
  /** When the current consumer joined its group first. */
  #joinedAt: number | undefined;
  #problem: Error | undefined = NOT_JOINED;
  /** Why topics that do not exist could not be created. */
  #missing: Error | undefined;
  /** Per partition, how often a message that cannot be read was fetched. */
  readonly #reads = new Map<
    string,
    { readonly offset: string; readonly reads: number; readonly since: Date }
  >();

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

  /** Resolves when the consumer is a member of its group, and all its topics exist. */
  check(): Promise<void> {
    const problem = this.#problem ?? this.#missing;
    return problem ? Promise.reject(problem) : Promise.resolve();
  }

  on(): never {
    throw new Error('KafkaEventServer emits no events.');
  }

  unwrap<Unwrapped>(): Unwrapped {
    return this.#consumer as Unwrapped;
  }

  async #run(topics: readonly string[]): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      this.#joinedAt = undefined;
      try {
        await this.#consume(topics);
      } catch (error) {
        this.#problem = error as Error;
        this.logger.warn(`Waiting for Kafka: ${(error as Error).message}`);
      }
      // Who joins and leaves a group again and again disturbs all its members.
      const joinedMs = this.#joinedAt === undefined ? undefined : performance.now() - this.#joinedAt;
      failures = joinedMs !== undefined && joinedMs >= STABLE_MS ? 1 : failures + 1;
      const delayMs = backoffDelay(failures, joinedMs === undefined ? RETRY : REJOIN);
      if (!signal.aborted) await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when another consumer has to take over, or at the stop. */
  async #consume(topics: readonly string[]): Promise<void> {
    const { connection, group } = this.#options;
    const all = [...topics, ...topics.map((topic) => deadLetterTopic(topic, group))];
    await connection.ensureTopics(all);
    const topicIds = await connection.topicIds();
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
        // Topics are created, and waits grow, in the loop around this alone.
        restartOnFailure: () => Promise.resolve(false),
      },
    });
    this.#consumer = consumer;
    const crashed = new AbortController();
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed.abort(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#joinedAt ??= performance.now();
      this.#problem = undefined;
      this.#pipeline?.takesOver();
      this.logger.log({ message: `Joined the group ${group}`, assignment: payload.memberAssignment });
    });
    const stop = (): void => crashed.abort();
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    try {
      this.#stopping.signal.throwIfAborted();
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        // kafkajs would commit after every batch; the OffsetCommitter does it less often.
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
        eachBatch: (payload) => this.#handle(payload, sessionTimeout / 4),
      });
      await this.#watchTopics(topicIds, all, crashed.signal);
      if (crashed.signal.aborted && !this.#stopping.signal.aborted) throw crashed.signal.reason as Error;
    } finally {
      this.#stopping.signal.removeEventListener('abort', stop);
      this.#problem ??= NOT_JOINED;
      await this.#offsets.flush();
      await consumer.disconnect();
    }
  }

  /**
   * Creates topics that have vanished; resolves when the consumer has ended, or when a topic is no longer the one that it
   * joined with, of the same name though it may be.
   */
  async #watchTopics(
    known: ReadonlyMap<string, string | undefined>,
    all: readonly string[],
    ended: AbortSignal,
  ): Promise<void> {
    const { connection, topics } = this.#options;
    while (!ended.aborted) {
      await sleep(TOPIC_CHECK_MS, undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      try {
        const created = await connection.ensureTopics(all);
        this.#missing = undefined;
        if (created.length > 0) this.logger.warn(`Created again what had vanished: ${created.join(', ')}`);
        if (created.some((topic) => topics.includes(topic))) return;
        const topicIds = await connection.topicIds();
        if (topics.some((topic) => isAnotherTopic(topicIds.get(topic), known.get(topic)))) return;
      } catch (error) {
        this.#missing = error as Error;
      }
    }
  }

  async #handle(payload: EachBatchPayload, heartbeatInterval: number): Promise<void> {
    const { batch } = payload;
    if (!payload.isRunning() || payload.isStale() || !this.#pipeline) return;
    // A rebalance is told by the heartbeat after the batch; until then only the session must live on.
    const beating = setInterval(() => void payload.heartbeat().catch(() => undefined), heartbeatInterval);
    try {
      const { messages } = batch;
      const at = messages.findIndex((message) => unreadableOf(message) !== undefined);
      if (at === 0) {
        if (!(await this.#unreadable(payload))) return;
      } else {
        const readable = at < 0 ? messages : messages.slice(0, at);
        await this.#process(batch, readable);
        payload.resolveOffset(at < 0 ? batch.lastOffset() : (readable.at(-1) as KafkaMessage).offset);
      }
      this.#offsets.resolved(payload);
    } catch (error) {
      if (!(error instanceof PipelineStoppedError)) throw error;
      return;
    } finally {
      clearInterval(beating);
    }
    await payload.heartbeat();
  }

  async #process({ topic, partition }: Batch, messages: readonly KafkaMessage[]): Promise<void> {
    const deliveries = messages.map((message) => toDelivery(topic, partition, message));
    const outcomes = await (this.#pipeline as Pipeline).process(deliveries);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status !== 'rejected') continue;
      const message = messages[index] as KafkaMessage;
      await this.#deadLetter(
        { topic, partition, offset: message.offset },
        message,
        deliveries[index] as Delivery,
        outcome,
      );
    }
  }

  /**
   * Lets the first message of a batch, which cannot be read, be fetched again: it may have been damaged on its way. Later
   * it is a dead letter, with all its bytes.
   *
   * @returns whether it is done with.
   */
  async #unreadable(payload: EachBatchPayload): Promise<boolean> {
    const { topic, partition, messages } = payload.batch;
    const message = messages[0] as KafkaMessage;
    const { offset } = message;
    const place = `${topic}/${partition}`;
    const before = this.#reads.get(place);
    const { reads, since } = before?.offset === offset ? before : { reads: 0, since: new Date() };
    const attempts = reads + 1;
    if (attempts < READS) {
      this.#reads.set(place, { offset, reads: attempts, since });
      return false;
    }
    const error = unreadableOf(message) as Error;
    const delivery = toDelivery(topic, partition, message);
    this.#options.observer.rejected(delivery, error);
    await this.#deadLetter({ topic, partition, offset }, message, delivery, {
      status: 'rejected',
      error,
      attempts,
      firstTried: since,
      lastTried: new Date(),
    });
    this.#reads.delete(place);
    payload.resolveOffset(offset);
    return true;
  }

  async #deadLetter(
    position: KafkaPosition,
    message: KafkaMessage,
    delivery: Delivery,
    rejection: Rejection,
  ): Promise<void> {
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

function toDelivery(topic: string, partition: number, message: KafkaMessage): Delivery {
  const { offset, key, headers, value } = message;
  return {
    source: { broker: 'kafka', name: topic },
    origin: originOf({ topic, partition, offset }, message),
    key: key?.toString() ?? '',
    headers: toText(headers ?? {}),
    body: value ?? Buffer.alloc(0),
  };
}

function toText(headers: IHeaders): Record<string, string | undefined> {
  const text = Object.create(null) as Record<string, string | undefined>;
  for (const name in headers) {
    const value = headers[name];
    text[name] = (Array.isArray(value) ? value.at(-1) : value)?.toString();
  }
  return text;
}

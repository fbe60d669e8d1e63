import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { backoffDelay } from '@orderbridge/messaging';
import type { EachBatchPayload, IHeaders } from 'kafkajs';
import type { KafkaConnection } from './kafka-connection.js';
import { unreadableOf } from './record-batches/fetched-message.js';
import { isAnotherTopic } from './topic-identity/position-identity.js';

/** A record as it lies in a topic. */
export interface FollowedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly headers: IHeaders;
  readonly value: Buffer | null;
  readonly writtenAt: Date;
  /** Why the value is not the record's but the bytes of what could not be read. */
  readonly unreadable?: Error;
}

export interface TopicFollowerOptions {
  readonly connection: KafkaConnection;
  readonly group: string;
  /** Names of the topics to follow. */
  readonly matches: RegExp;
  /** Resolves when the records are taken for good; when it rejects they come again. */
  readonly handle: (records: readonly FollowedRecord[]) => Promise<void>;
  /** Milliseconds between looks for topics that are new. */
  readonly interval?: number;
}

const RETRY = { initial: 200, max: 5_000 };
/** Milliseconds before a consumer that had joined its group joins it again. */
const REJOIN = { initial: 200, max: 60_000 };
/** Milliseconds of membership after which a failure is the first one. */
const STABLE_MS = 60_000;

/**
 * Takes every record, from the first one on, of every topic with a matching name, also of those that are made later: in
 * order per partition, at least once. A broker that is away is waited for.
 */
export class TopicFollower {
  readonly #options: Required<TopicFollowerOptions>;
  readonly #logger = new Logger(TopicFollower.name);
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #problem: Error | undefined = new Error('The follower has not started.');

  constructor(options: TopicFollowerOptions) {
    this.#options = { interval: 1_000, ...options };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the records in hand are done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Resolves when all topics there are with a matching name are followed. */
  check(): Promise<void> {
    return this.#problem ? Promise.reject(this.#problem) : Promise.resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let joinedAt: number | undefined;
    while (!signal.aborted) {
      try {
        joinedAt = undefined;
        const topics = await this.#topics();
        if (topics.size > 0) {
          await this.#follow(topics, () => (joinedAt ??= performance.now()));
          failures = 0;
        } else {
          this.#problem = undefined;
          failures = 0;
          await this.#sleep(this.#options.interval);
        }
      } catch (error) {
        this.#problem = error as Error;
        this.#logger.warn(`Waiting for Kafka: ${(error as Error).message}`);
        const isStable = joinedAt !== undefined && performance.now() - joinedAt >= STABLE_MS;
        failures = isStable ? 1 : failures + 1;
        await this.#sleep(backoffDelay(failures, joinedAt === undefined ? RETRY : REJOIN));
      }
    }
  }

  /** The ids of the topics with a matching name. */
  async #topics(): Promise<ReadonlyMap<string, string | undefined>> {
    const all = await this.#options.connection.topicIds();
    return new Map([...all].filter(([topic]) => this.#options.matches.test(topic)));
  }

  /** Returns when there are other topics, or at the stop; throws when the consumer has to be made anew. */
  async #follow(topics: ReadonlyMap<string, string | undefined>, joined: () => void): Promise<void> {
    const { connection, group, interval } = this.#options;
    const { signal } = this.#stopping;
    const consumer = connection.consumer({
      groupId: group,
      sessionTimeout: connection.config.KAFKA_SESSION_TIMEOUT_MS,
      heartbeatInterval: Math.floor(connection.config.KAFKA_SESSION_TIMEOUT_MS / 4),
      allowAutoTopicCreation: false,
      // A consumer that starts itself again may do so while it is given up. It would stay in the group for good, and hand
      // out the topics that it knows, and no others.
      retry: { retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    const crashed = new AbortController();
    const stop = (): void => crashed.abort();
    signal.addEventListener('abort', stop, { once: true });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed.abort(payload.error));
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.#problem = undefined;
      joined();
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics.keys()], fromBeginning: true });
      await consumer.run({ eachBatch: (payload) => this.#handle(payload) });
      do {
        await this.#sleep(interval, crashed.signal);
        if (!signal.aborted) crashed.signal.throwIfAborted();
      } while (!signal.aborted && isSame(await this.#topics(), topics));
    } finally {
      signal.removeEventListener('abort', stop);
      await consumer.disconnect();
    }
  }

  async #handle({ batch }: EachBatchPayload): Promise<void> {
    await this.#options.handle(
      batch.messages.map((message) => {
        const { offset, key, headers = {}, value, timestamp } = message;
        const unreadable = unreadableOf(message);
        return {
          topic: batch.topic,
          partition: batch.partition,
          offset,
          key,
          headers,
          value,
          writtenAt: new Date(Number(timestamp)),
          ...(unreadable && { unreadable }),
        };
      }),
    );
  }

  async #sleep(milliseconds: number, signal = this.#stopping.signal): Promise<void> {
    // Being woken is no error.
    await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
  }
}

function isSame(
  topics: ReadonlyMap<string, string | undefined>,
  others: ReadonlyMap<string, string | undefined>,
): boolean {
  return (
    topics.size === others.size &&
    [...topics].every(([topic, id]) => others.has(topic) && !isAnotherTopic(id, others.get(topic)))
  );
}

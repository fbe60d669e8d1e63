import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Logger } from '@nestjs/common';
import kafkajs, {
  type Admin,
  type Consumer,
  type ConsumerConfig,
  type Kafka,
  type LogEntry,
  type Producer,
  type ProducerConfig,
  type SASLOptions,
} from 'kafkajs';
import type { KafkaConfig } from './kafka-environment.js';
import { KafkaSockets } from './kafka-sockets.js';
import { installRecordReading } from './record-batches/kafkajs-seam.js';
import { installTopicIdentity } from './topic-identity/kafkajs-seam.js';
import { isOfAnotherTopic } from './topic-identity/position-identity.js';

const { logLevel } = kafkajs;

/** Topics do not exist and cannot be created, for example because of their names, a policy or missing permissions. */
export class TopicsUnavailableError extends Error {
  override readonly name = 'TopicsUnavailableError';

  constructor(readonly causes: ReadonlyMap<string, Error>) {
    super([...causes].map(([topic, { message }]) => `${topic}: ${message}`).join('; '));
  }
}

/** The service's access to Kafka, shared by its publisher, its consumer and its readiness check. */
export class KafkaConnection {
  readonly #kafka: Kafka;
  readonly #sockets = new KafkaSockets();
  #admin: Promise<Admin> | undefined;

  constructor(
    readonly config: KafkaConfig,
    readonly clientId: string,
    /** Milliseconds for which a request waits for its answer, beside what the broker is told to wait. */
    requestTimeout = 15_000,
  ) {
    const {
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: username,
      KAFKA_SASL_PASSWORD: password,
    } = config;
    installRecordReading();
    installTopicIdentity();
    this.#kafka = new kafkajs.Kafka({
      clientId,
      brokers: config.KAFKA_BROKERS,
      ssl: config.KAFKA_SSL && tlsOptions(config),
      ...(mechanism && { sasl: { mechanism, username, password } as SASLOptions }),
      connectionTimeout: 3_000,
      requestTimeout,
      socketFactory: this.#sockets.create,
      // Callers repeat for as long as it takes; few tries here keep them in the picture.
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1_000 },
      logLevel: logLevel.WARN,
      logCreator: () => logToNest,
    });
  }

  consumer(config: ConsumerConfig): Consumer {
    const consumer = this.#kafka.consumer(config);
    consumer.on(consumer.events.REQUEST_TIMEOUT, ({ payload }) => this.#sockets.unanswered(payload));
    return consumer;
  }

  producer(config?: ProducerConfig): Producer {
    const producer = this.#kafka.producer(config);
    producer.on(producer.events.REQUEST_TIMEOUT, ({ payload }) => this.#sockets.unanswered(payload));
    return producer;
  }

  /** For operations that a service does not need; its caller connects and disconnects it. */
  admin(): Admin {
    return this.#kafka.admin();
  }

  /**
   * Creates those of the topics that do not exist.
   *
   * @returns the topics that were created, by this call or by somebody else at the same time.
   * @throws TopicsUnavailableError when some could not be created; all others exist now.
   */
  ensureTopics(topics: readonly string[]): Promise<string[]> {
    return this.#ask(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter((topic) => !existing.has(topic));
      if (missing.length === 0) return [];
      try {
        await admin.createTopics({
          topics: missing.map((topic) => ({
            topic,
            numPartitions: this.config.KAFKA_PARTITIONS,
            replicationFactor: this.config.KAFKA_REPLICATION_FACTOR,
          })),
        });
      } catch (error) {
        const causes = notCreated(error);
        if (causes.size > 0) throw new TopicsUnavailableError(causes);
      }
      return missing;
    });
  }

  /** The names of all topics. */
  topics(): Promise<string[]> {
    return this.#ask((admin) => admin.listTopics());
  }

  /** The ids of all topics by name; undefined where the broker knows none. A topic created again has another id. */
  topicIds(): Promise<Map<string, string | undefined>> {
    return this.#ask(topicIdsOf);
  }

  /** Resolves when the cluster answers. */
  async check(): Promise<void> {
    await this.#ask((admin) => admin.describeCluster());
  }

  /** How many messages of each topic a consumer group has not committed yet. */
  lagOf(group: string, topics: readonly string[]): Promise<Map<string, number>> {
    return this.#ask(async (admin) => {
      const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
      const topicIds = await topicIdsOf(admin);
      const lag = new Map<string, number>();
      for (const { topic, partitions } of committed) {
        const offsets = new Map(
          partitions
            .filter(({ metadata }) => !isOfAnotherTopic(metadata, topicIds.get(topic)))
            .map(({ partition, offset }) => [partition, Number(offset)]),
        );
        let messages = 0;
        for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
          // A group that has committed nothing begins at the oldest message; so does one that was away too long.
          const next = Math.max(offsets.get(partition) ?? -1, Number(low));
          messages += Number(high) - next;
        }
        lag.set(topic, messages);
      }
      return lag;
    });
  }

  /** After a failure the next question goes over a new connection. */
  async #ask<Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    const connecting = this.#connectedAdmin();
    const admin = await connecting;
    try {
      return await question(admin);
    } catch (error) {
      // Another question that failed may have led to a new connection already.
      if (this.#admin === connecting) this.#admin = undefined;
      await admin.disconnect();
      throw error;
    }
  }

  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    this.#admin = undefined;
    await admin?.disconnect();
  }

  #connectedAdmin(): Promise<Admin> {
    if (!this.#admin) {
      const admin = this.admin();
      this.#admin = admin.connect().then(
        () => admin,
        (error: unknown) => {
          this.#admin = undefined;
          throw error;
        },
      );
    }
    return this.#admin;
  }
}

async function topicIdsOf(admin: Admin): Promise<Map<string, string | undefined>> {
  const { topics } = await admin.fetchTopicMetadata();
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      (partitions[0] as { readonly topicId?: string } | undefined)?.topicId,
    ]),
  );
}

/**
 * Which topics a failed CreateTopics did not create, and why.
 *
 * @throws the error itself when it is about no topic.
 */
function notCreated(error: unknown): Map<string, Error> {
  if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error;
  const errors = error.errors as (Error & { topic: string; type: string })[];
  return new Map(
    errors.filter(({ type }) => type !== 'TOPIC_ALREADY_EXISTS').map((each) => [each.topic, each]),
  );
}

/** Files are read once: certificates that are renewed take effect at the next start. */
function tlsOptions(config: KafkaConfig): ConnectionOptions {
  const { KAFKA_SSL_CA: ca, KAFKA_SSL_CERTIFICATE: certificate, KAFKA_SSL_KEY: key } = config;
  return {
    ...(ca && { ca: readFileSync(ca) }),
    ...(certificate && { cert: readFileSync(certificate) }),
    ...(key && { key: readFileSync(key) }),
  };
}

const logger = new Logger('kafkajs');

/** Our relay repeats what the producer gives up, and with a new producer: the warning does not hold here. */
const LIMITED_RETRIES = 'Limiting retries for the idempotent producer';

function logToNest({ level, namespace, log }: LogEntry): void {
  if (log.message.startsWith(LIMITED_RETRIES)) return;
  const { message, timestamp: _, logger: __, stack: ___, ...fields } = log;
  const line = { ...fields, message: namespace ? `${namespace}: ${message}` : message };
  // The callers log what they do about an error; kafkajs repeats it at every try.
  if (level === logLevel.ERROR || level === logLevel.WARN) logger.warn(line);
  else logger.debug(line);
}

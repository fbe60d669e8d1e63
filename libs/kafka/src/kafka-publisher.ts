import { Injectable } from '@nestjs/common';
import {
  DestinationsUnavailableError,
  UndeliverableMessageError,
  type OutgoingMessage,
  type Publisher,
  type SingleHeaderValue,
} from '@orderbridge/messaging';
import kafkajs, { type IHeaders, type Producer, type TopicMessages } from 'kafkajs';
import { KafkaConnection, TopicsUnavailableError } from './kafka-connection.js';
import { protocolErrorTypeOf } from './protocol-error.js';
import { NO_VALUE } from './record-batches/kafkajs-seam.js';

/** Errors by which Kafka refuses a message permanently. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
]);

/** Errors that say something of one topic and nothing of the broker. */
const OF_A_TOPIC = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'TOPIC_AUTHORIZATION_FAILED',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REPLICA_NOT_AVAILABLE',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'POLICY_VIOLATION',
]);

/** Milliseconds for which a topic that exists is believed to. */
const BELIEVED_MS = 60_000;
/** Milliseconds for which a failure says that publishing does not work; the relay tries again within them. */
const PROBLEM_MS = 15_000;

/**
 * Publishes to Kafka with an idempotent producer and acks of all in-sync replicas. Order is kept per topic and key as
 * long as one `publish` at a time is under way, as the relay does. Topics that do not exist, or no longer, are created.
 */
@Injectable()
export class KafkaPublisher implements Publisher {
  readonly broker = 'kafka';
  /** Topics that exist, and until when that is believed. */
  readonly #known = new Map<string, number>();
  #producer: Producer | undefined;
  #problem: { readonly error: Error; readonly at: number } | undefined;

  constructor(private readonly connection: KafkaConnection) {}

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    try {
      await this.#publish(byTopic(messages));
      this.#problem = undefined;
    } catch (error) {
      // Of one message or one topic: the others are published.
      const ofBroker =
        !(error instanceof UndeliverableMessageError) && !(error instanceof DestinationsUnavailableError);
      this.#problem = ofBroker ? { error: error as Error, at: performance.now() } : undefined;
      throw error;
    }
  }

  /** Rejects when the last attempt to publish, where it was not long ago, got nothing to the broker. */
  check(): Promise<void> {
    const { error, at } = this.#problem ?? {};
    return error && performance.now() - (at as number) < PROBLEM_MS
      ? Promise.reject(error)
      : Promise.resolve();
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect();
  }

  async #publish(topicMessages: readonly TopicMessages[]): Promise<void> {
    const causes = await this.#ensureTopics(topicMessages.map(({ topic }) => topic));
    const open = topicMessages.filter(({ topic }) => !causes.has(topic));
    for (const [topic, error] of await this.#send(open)) causes.set(topic, error);
    if (causes.size > 0) throw new DestinationsUnavailableError(causes);
  }

  /** Sends all of it, or, when some topic does not take its messages, that of each topic alone; returns which did not. */
  async #send(topicMessages: readonly TopicMessages[]): Promise<Map<string, Error>> {
    if (topicMessages.length === 0) return new Map();
    try {
      const producer = await this.#connected();
      await producer.sendBatch({ acks: -1, topicMessages: [...topicMessages] });
      return new Map();
    } catch (error) {
      // What the producer knows of its sequence numbers is now in doubt; a new one begins from scratch, and the
      // inboxes bear that what had arrived arrives twice. Topics may have been deleted.
      await this.close();
      for (const { topic } of topicMessages) this.#known.delete(topic);
      const type = protocolErrorTypeOf(error);
      if (type === undefined) throw error;
      if (REFUSALS.has(type)) throw new UndeliverableMessageError((error as Error).message, { cause: error });
      if (!OF_A_TOPIC.has(type)) throw error;
      const [first, ...others] = topicMessages;
      if (first && others.length === 0) return new Map([[first.topic, error as Error]]);
    }
    const failed: [string, Error][] = [];
    for (const one of topicMessages) failed.push(...(await this.#send([one])));
    return new Map(failed);
  }

  /** Returns the topics that do not exist and could not be created. */
  async #ensureTopics(topics: readonly string[]): Promise<Map<string, Error>> {
    const now = performance.now();
    const unknown = topics.filter((topic) => (this.#known.get(topic) ?? 0) <= now);
    if (unknown.length === 0) return new Map();
    const causes = new Map<string, Error>();
    try {
      await this.connection.ensureTopics(unknown);
    } catch (error) {
      if (!(error instanceof TopicsUnavailableError)) throw error;
      for (const [topic, cause] of error.causes) causes.set(topic, cause);
      const refused = [...causes.values()].find((cause) => REFUSALS.has(protocolErrorTypeOf(cause) ?? ''));
      if (refused) throw new UndeliverableMessageError(error.message, { cause: refused });
    }
    for (const topic of unknown) if (!causes.has(topic)) this.#known.set(topic, now + BELIEVED_MS);
    return causes;
  }

  async #connected(): Promise<Producer> {
    if (!this.#producer) {
      const producer = this.connection.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      });
      this.#producer = producer;
      await producer.connect();
    }
    return this.#producer;
  }
}

function byTopic(messages: readonly OutgoingMessage[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { destination, key, keyBytes, headers, body } of messages) {
    let topic = topics.get(destination.name);
    if (!topic) topics.set(destination.name, (topic = { topic: destination.name, messages: [] }));
    topic.messages.push({
      key: keyBytes === undefined ? key : keyBytes,
      value: body,
      headers: sendable(headers),
    });
  }
  return [...topics.values()];
}

/** Headers as kafkajs takes them. */
function sendable(headers: OutgoingMessage['headers']): IHeaders {
  for (const name in headers) {
    if (typeof headers[name] === 'string') continue;
    const values = Object.entries(headers).map(([each, value]): [string, IHeaders[string]] => [
      each,
      Array.isArray(value)
        ? value.map((one: SingleHeaderValue) => one ?? NO_VALUE)
        : ((value as SingleHeaderValue) ?? NO_VALUE),
    ]);
    return Object.fromEntries(values);
  }
  return headers as IHeaders;
}

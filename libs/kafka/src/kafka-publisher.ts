import { Injectable } from '@nestjs/common';
import { UndeliverableMessageError, type OutgoingMessage, type Publisher } from '@orderbridge/messaging';
import kafkajs, { type IHeaders, type Producer, type TopicMessages } from 'kafkajs';
import { KafkaConnection } from './kafka-connection.js';

/** Errors by which Kafka refuses a message for good. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'CORRUPT_MESSAGE',
  'INVALID_TIMESTAMP',
]);

/**
 * Publishes to Kafka with an idempotent producer and acks of all in-sync replicas. Order is kept per topic and key as
 * long as one `publish` at a time is under way, as the relay does.
 */
@Injectable()
export class KafkaPublisher implements Publisher {
  readonly broker = 'kafka';
  readonly #known = new Set<string>();
  #producer: Producer | undefined;

  constructor(private readonly connection: KafkaConnection) {}

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const topicMessages = byTopic(messages);
    try {
      await this.#ensureTopics(topicMessages.map(({ topic }) => topic));
      const producer = await this.#connected();
      await producer.sendBatch({ acks: -1, topicMessages });
    } catch (error) {
      // What the producer knows of its sequence numbers is now in doubt; a new one begins anew, and the inboxes
      // bear that what had arrived arrives twice.
      await this.close();
      if (isRefusal(error)) throw new UndeliverableMessageError((error as Error).message, { cause: error });
      throw error;
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect();
  }

  async #ensureTopics(topics: readonly string[]): Promise<void> {
    const unknown = topics.filter((topic) => !this.#known.has(topic));
    if (unknown.length === 0) return;
    await this.connection.ensureTopics(unknown);
    for (const topic of unknown) this.#known.add(topic);
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
      headers: headers as IHeaders,
    });
  }
  return [...topics.values()];
}

function isRefusal(error: unknown): boolean {
  if (error instanceof kafkajs.KafkaJSProtocolError) return REFUSALS.has(error.type);
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause !== undefined && cause !== error && isRefusal(cause);
}

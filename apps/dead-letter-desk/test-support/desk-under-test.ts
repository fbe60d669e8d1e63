import {
  createEvent,
  encodeEvent,
  fixtureEvent,
  paymentProcessed,
  type EventContract,
} from '@orderbridge/contracts';
import { IbmMqConnectionManager, QueueOperator } from '@orderbridge/ibm-mq';
import { KafkaConnection, KafkaPublisher, type FollowedRecord } from '@orderbridge/kafka';
import type { OutgoingMessage } from '@orderbridge/messaging';
import { loadConfig } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import { startServiceUnderTest, type ServiceUnderTest } from '../../../test/service/service-under-test.js';
import { DeadLetterDeskModule } from '../src/dead-letter-desk.module.js';
import { deskEnvironment } from '../src/desk-environment.js';
import { IbmMqLetters } from '../src/index-letters/ibm-mq-letters.js';
import { IndexLetters } from '../src/index-letters/index-letters.js';
import { KafkaLetters, letterOf } from '../src/index-letters/kafka-letters.js';
import { BOQ, FakeQueues, messageOn } from './fake-queues.js';

export interface LetterParts {
  readonly orderId?: string;
  readonly topic?: string;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly raw?: Buffer;
  readonly key?: Buffer;
  readonly writtenAt?: Date;
}

/** The desk on a database of its own, with fakes of both brokers. */
export class DeskUnderTest {
  readonly queues = new FakeQueues();
  /** The topics that there are. */
  readonly topics = new Set<string>();
  /** Thrown when Kafka is asked for its topics. */
  kafkaFault: Error | undefined;
  service!: ServiceUnderTest;

  readonly start = async (): Promise<void> => {
    const config = loadConfig(deskEnvironment, {
      DATABASE_URL: await createTestDatabase(),
      KAFKA_BROKERS: 'nowhere:1',
      IBM_MQ_QUEUE_MANAGER: 'QM1',
      IBM_MQ_CONNECTION_NAME: 'nowhere(1)',
      // The tests look themselves.
      SCAN_INTERVAL_MS: '100000000',
    });
    const nothing = () => Promise.resolve();
    const topics = () =>
      this.kafkaFault ? Promise.reject(this.kafkaFault) : Promise.resolve([...this.topics]);
    this.service = await startServiceUnderTest(
      DeadLetterDeskModule.forRoot(config),
      { kafka: KafkaPublisher },
      [
        { token: KafkaLetters, value: {} },
        { token: KafkaConnection, value: { topics, check: nothing, close: nothing } },
        { token: QueueOperator, value: this.queues },
        { token: IbmMqConnectionManager, value: { check: nothing, close: nothing } },
      ],
    );
  };

  readonly close = (): Promise<void> => this.service.close();

  readonly http = () => request(this.service.app.getHttpServer());

  /** Looks at the backout queue once. */
  readonly look = () => this.service.app.get(IbmMqLetters).look('INVENTORY.EVENTS');

  readonly add = (record: FollowedRecord) => this.service.app.get(IndexLetters).add([letterOf(record)]);

  readonly published = (type: string, id: string): OutgoingMessage[] =>
    this.service.kafka.messages.filter(
      ({ headers, body }) => headers['ce_type'] === type && body.toString().includes(id),
    );

  /** A letter on Kafka: payment.processed as the fixture, but for its parts. */
  readonly kafkaLetter = (parts: LetterParts = {}) =>
    this.letterWith(paymentProcessed, 'payments.shipping.dlt', {}, parts);

  /** A call of a partner that is parked, with the data of its contract's fixture but for the changes. */
  readonly parkedCall = async <Data extends { orderId: string }>(
    contract: EventContract<Data>,
    changes: Partial<Data> = {},
    parts: LetterParts = {},
  ) => {
    const group =
      contract.type.startsWith('booking') || contract.type.startsWith('void') ? 'shipping' : 'payment';
    const made = await this.letterWith(contract, `orders.${group}.dlt`, changes, {
      ...parts,
      headers: { dlt_partition: undefined, dlt_offset: undefined, ...parts.headers },
    });
    return { ...made, data: JSON.parse(made.body.toString()) as Data };
  };

  /** A letter on Kafka with an event of a contract. */
  readonly letterWith = async (
    contract: EventContract<{ orderId: string }>,
    topic: string,
    changes: object,
    parts: LetterParts,
  ) => {
    const { orderId = uuid() } = parts;
    const event = createEvent(
      contract,
      '/test',
      { ...fixtureEvent(contract).data, ...changes, orderId },
      { correlationId: 'c', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
    );
    const { headers, body } = encodeEvent(contract, event);
    const id = uuid();
    const all: Record<string, string | Buffer | undefined> = {
      ...headers,
      dlt_id: id,
      dlt_error: 'InvalidEventError',
      dlt_reason: `The body of ${orderId} is no JSON.`,
      dlt_attempts: '1',
      dlt_consumer: 'shipping',
      dlt_topic: topic.split('.')[0],
      dlt_partition: '2',
      dlt_offset: '154',
      dlt_first_time: '2026-01-01T00:00:00.000Z',
      dlt_last_time: new Date().toISOString(),
      ...parts.headers,
      ...(parts.raw && { raw: parts.raw }),
    };
    const record: FollowedRecord = {
      topic: parts.topic ?? topic,
      partition: 0,
      offset: `${Math.floor(Math.random() * 1e9)}`,
      key: parts.key ?? Buffer.from(orderId),
      writtenAt: parts.writtenAt ?? new Date(),
      value: parts.body ?? Buffer.from(body),
      headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
    };
    await this.add(record);
    return { id, orderId, record, event, body: Buffer.from(body) };
  };

  /** A letter on the backout queue. */
  readonly queueLetter = async (headers: Record<string, string> = {}, body = 'no json') => {
    const id = uuid();
    const messageId = id.replaceAll('-', '').padEnd(48, '0');
    const message = messageOn(
      BOQ,
      messageId,
      { ce_id: id, ce_type: 'inventory.reserved', dlt_id: id, dlt_reason: 'why', ...headers },
      body,
    );
    this.queues.messages.push(message);
    await this.look();
    return { id, messageId, message };
  };

  readonly letter = async (id: string) => (await this.http().get(`/dead-letters/${id}`).expect(200)).body;

  readonly ask = (path: string, body: object = {}) =>
    this.http().post(`/dead-letters/${path}`).set('X-Operator', 'ada').send(body);

  readonly redrive = (id: string, body: object = {}) => this.ask(`${id}/redrive`, body);

  readonly discard = (id: string, reason = 'a test') => this.ask(`${id}/discard`, { reason });

  readonly giveUp = (id: string, reason = 'a test') => this.ask(`${id}/give-up`, { reason });

  /** Resolves with what was sent to a topic, once there are so many. */
  readonly sent = async (topic: string, key: string, count = 1): Promise<OutgoingMessage[]> => {
    for (;;) {
      const found = this.service.kafka.messages.filter(
        (one) => one.destination.name === topic && one.key === key,
      );
      if (found.length >= count) return found;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

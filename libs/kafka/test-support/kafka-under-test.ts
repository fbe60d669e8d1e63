import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageHandler } from '@nestjs/microservices';
import { createEvent, defineEvent, encodeEvent, topic, type CloudEvent } from '@orderbridge/contracts';
import { startKafkaBroker, type KafkaBroker } from '@orderbridge/embedded-kafka';
import {
  DeliveryStarts1700000000010,
  MessagingTables1700000000000,
  PostgresMessageStore,
  Relay,
  UnitsOfWork,
  type EventContext,
  type OutgoingMessage,
} from '@orderbridge/messaging';
import { loadConfig } from '@orderbridge/service';
import type { IHeaders } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import { KafkaConnection } from '../src/kafka-connection.js';
import { kafkaEnvironment } from '../src/kafka-environment.js';
import { KafkaEventServer } from '../src/kafka-event-server.js';
import { KafkaPublisher } from '../src/kafka-publisher.js';

export const counted = defineEvent({
  type: 'counted',
  version: 1,
  destinations: [topic('counts')],
  schema: z.object({ orderId: z.string(), value: z.int() }),
});
export type Counted = CloudEvent<{ orderId: string; value: number }>;

export const quiet = {
  committed() {},
  rejected() {},
  leading() {},
  published() {},
  parked() {},
  retrying() {},
};

/** A record as a reader of a topic finds it. */
export interface Read {
  readonly headers: Record<string, string>;
  readonly raw: IHeaders;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

/** Resolves as soon as a condition holds. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await sleep(20);
}

/** An event as its publisher sends it, to the topic `counts`. */
export function message(key: string, value: number, change: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const event = createEvent(counted, '/test', { orderId: key, value }, { correlationId: 'c' });
  const { headers, body } = encodeEvent(counted, event);
  return {
    messageId: event.id,
    destination: topic('counts'),
    key,
    headers,
    body: Buffer.from(body),
    ...change,
  };
}

/** A broker, a database, and services that count what the topic `counts` brings. */
export class KafkaUnderTest {
  readonly #servers: KafkaEventServer[] = [];
  readonly #relays: Relay[] = [];
  readonly #port: number;
  #up = true;

  private constructor(
    private readonly folder: string,
    private broker: KafkaBroker,
    readonly dataSource: DataSource,
    readonly store: PostgresMessageStore,
    readonly unitsOfWork: UnitsOfWork,
    readonly connection: KafkaConnection,
    readonly publisher: KafkaPublisher,
  ) {
    this.#port = broker.port;
  }

  static async start(variables: Record<string, string> = {}): Promise<KafkaUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'kafka-'));
    const broker = await startKafkaBroker({ dataDir: join(folder, 'kafka') });
    const dataSource = await connectTestDatabase([MessagingTables1700000000000, DeliveryStarts1700000000010]);
    await dataSource.query('CREATE TABLE seen (id serial PRIMARY KEY, key text, value integer)');
    const store = new PostgresMessageStore(dataSource);
    const config = loadConfig(kafkaEnvironment, {
      KAFKA_BROKERS: broker.address,
      KAFKA_PARTITIONS: '3',
      ...variables,
    });
    const connection = new KafkaConnection(config, 'test');
    const units = new UnitsOfWork(store, '/test');
    return new KafkaUnderTest(
      folder,
      broker,
      dataSource,
      store,
      units,
      connection,
      new KafkaPublisher(connection),
    );
  }

  async stop(): Promise<void> {
    await this.stopServers();
    await Promise.all(this.#relays.map((relay) => relay.stop()));
    await this.publisher.close();
    await this.connection.close();
    await this.dataSource.destroy();
    if (this.#up) await this.broker.close();
    await rm(this.folder, { recursive: true });
  }

  async stopServers(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.close()));
  }

  async stopBroker(): Promise<void> {
    this.#up = false;
    await this.broker.close();
  }

  /** The broker where it was; with all it had, or empty. */
  async startBroker(data: 'kept' | 'lost' = 'kept'): Promise<void> {
    const dataDir = join(this.folder, 'kafka');
    if (data === 'lost') await rm(dataDir, { recursive: true });
    this.broker = await startKafkaBroker({ dataDir, port: this.#port });
    this.#up = true;
  }

  /** Publishes what services send, for example their dead letters. */
  relay(): Relay {
    const { store, unitsOfWork, publisher } = this;
    const relay = new Relay({ store, unitsOfWork, publishers: [publisher], observer: quiet });
    this.#relays.push(relay);
    relay.start();
    return relay;
  }

  /** A service whose handler writes down what it sees. */
  async consume(
    handle: (event: Counted) => void | Promise<void> = () => undefined,
    topics: readonly string[] = ['counts'],
  ): Promise<KafkaEventServer> {
    const { connection, unitsOfWork } = this;
    const server = new KafkaEventServer({
      connection,
      group: 'counter',
      topics,
      unitsOfWork,
      observer: quiet,
    });
    const handler: MessageHandler = async (events: readonly Counted[], context: EventContext) => {
      for (const event of events) {
        await handle(event);
        await context.unitOfWork.manager.query('INSERT INTO seen (key, value) VALUES ($1, $2)', [
          event.data.orderId,
          event.data.value,
        ]);
      }
    };
    server.addHandler('counted', handler, true, { contracts: [counted], group: Symbol('counted') });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) =>
      server.listen((error) => (error ? reject(error) : resolve())),
    );
    return server;
  }

  async seen(): Promise<{ key: string; value: number }[]> {
    return this.dataSource.query('SELECT key, value FROM seen ORDER BY id');
  }

  /** Resolves when the values have been handled, in any order. */
  async handled(...values: number[]): Promise<void> {
    await until(async () => {
      const found = new Set((await this.seen()).map(({ value }) => value));
      return values.every((value) => found.has(value));
    });
  }

  /** Resolves with the first records of a topic once there are as many. */
  async read(name: string, count: number): Promise<Read[]> {
    const found: Read[] = [];
    const consumer = this.connection.consumer({ groupId: `reader-${Math.random()}` });
    await consumer.connect();
    await consumer.subscribe({ topics: [name], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message: { headers = {}, key, value } }) => {
        const text = Object.fromEntries(
          Object.entries(headers).map(([header, bytes]) => [header, String(bytes)]),
        );
        found.push({ headers: text, raw: headers, key, value: value ?? Buffer.alloc(0) });
        return Promise.resolve();
      },
    });
    await until(() => found.length >= count);
    await consumer.disconnect();
    return found;
  }

  /** The offsets that a group has committed in a topic. */
  async committed(groupId: string, name: string): Promise<string[]> {
    const admin = this.connection.admin();
    await admin.connect();
    const found = await admin.fetchOffsets({ groupId, topics: [name] });
    await admin.disconnect();
    return found
      .flatMap(({ partitions }) => partitions.map(({ offset }) => offset))
      .filter((offset) => offset !== '-1');
  }

  /** Deletes topics, as an operator does. */
  async deleteTopics(...topics: string[]): Promise<void> {
    const admin = this.connection.admin();
    await admin.connect();
    await admin.deleteTopics({ topics });
    await admin.disconnect();
  }
}

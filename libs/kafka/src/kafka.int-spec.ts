import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { createEvent, defineEvent, encodeEvent, topic, type CloudEvent } from '@orderbridge/contracts';
import { startKafkaBroker, type KafkaBroker } from '@orderbridge/embedded-kafka';
import {
  DeliveryStarts1700000000010,
  MessagingTables1700000000000,
  PermanentError,
  PostgresMessageStore,
  Relay,
  UndeliverableMessageError,
  UnitsOfWork,
  type EventContext,
  type OutgoingMessage,
} from '@orderbridge/messaging';
import { loadConfig } from '@orderbridge/service';
import type { Consumer, IHeaders } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import { KafkaConnection } from './kafka-connection.js';
import { deadLetterTopic } from './kafka-dead-letters.js';
import { kafkaEnvironment } from './kafka-environment.js';
import { KafkaEventServer } from './kafka-event-server.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { TopicFollower } from './topic-follower.js';

const counted = defineEvent({
  type: 'counted',
  version: 1,
  destinations: [topic('counts')],
  schema: z.object({ orderId: z.string(), value: z.int() }),
});
type Counted = CloudEvent<{ orderId: string; value: number }>;

const quiet = {
  committed() {},
  rejected() {},
  leading() {},
  published() {},
  parked() {},
  retrying() {},
};

describe('Kafka transport on a broker', () => {
  let folder: string;
  let broker: KafkaBroker;
  let dataSource: DataSource;
  let store: PostgresMessageStore;
  let unitsOfWork: UnitsOfWork;
  let connection: KafkaConnection;
  let publisher: KafkaPublisher;
  const servers: KafkaEventServer[] = [];

  beforeAll(() => Logger.overrideLogger(false));

  const startBroker = async (port = 0) => {
    broker = await startKafkaBroker({ dataDir: join(folder, 'kafka'), port });
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafka-'));
    await startBroker();
    dataSource = await connectTestDatabase([MessagingTables1700000000000, DeliveryStarts1700000000010]);
    await dataSource.query('CREATE TABLE seen (id serial PRIMARY KEY, key text, value integer)');
    store = new PostgresMessageStore(dataSource);
    unitsOfWork = new UnitsOfWork(store, '/test');
    const config = loadConfig(kafkaEnvironment, { KAFKA_BROKERS: broker.address, KAFKA_PARTITIONS: '3' });
    connection = new KafkaConnection(config, 'test');
    publisher = new KafkaPublisher(connection);
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await publisher.close();
    await connection.close();
    await dataSource.destroy();
    await broker.close();
    await rm(folder, { recursive: true });
  });

  const message = (key: string, value: number, change: Partial<OutgoingMessage> = {}): OutgoingMessage => {
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
  };

  /** A service whose handler writes down what it sees. */
  const consume = async (handle: (event: Counted) => void = () => undefined) => {
    const server = new KafkaEventServer({
      connection,
      group: 'counter',
      topics: ['counts'],
      unitsOfWork,
      observer: quiet,
    });
    const handler: MessageHandler = async (events: readonly Counted[], context: EventContext) => {
      for (const event of events) {
        handle(event);
        await context.unitOfWork.manager.query('INSERT INTO seen (key, value) VALUES ($1, $2)', [
          event.data.orderId,
          event.data.value,
        ]);
      }
    };
    server.addHandler('counted', handler, true, { contracts: [counted], group: Symbol('counted') });
    servers.push(server);
    await new Promise<void>((resolve, reject) =>
      server.listen((error) => (error ? reject(error) : resolve())),
    );
    return server;
  };

  const seen = async (): Promise<{ key: string; value: number }[]> =>
    dataSource.query('SELECT key, value FROM seen ORDER BY id');
  const until = async (condition: () => Promise<boolean> | boolean) => {
    while (!(await condition())) await sleep(20);
  };

  interface Read {
    readonly headers: Record<string, string>;
    readonly raw: IHeaders;
    readonly key: Buffer | null;
    readonly value: Buffer;
  }
  const read = async (name: string, count: number): Promise<Read[]> => {
    const found: Read[] = [];
    const consumer = connection.consumer({ groupId: `reader-${Math.random()}` });
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
  };

  test('what is published is handled, in order per key', async () => {
    await consume();
    const messages = Array.from({ length: 300 }, (_, n) => message(`key ${n % 7}`, n));
    await publisher.publish(messages.slice(0, 150));
    await publisher.publish(messages.slice(150));
    await until(async () => (await seen()).length === 300);
    for (let key = 0; key < 7; key++) {
      const values = (await seen()).filter((row) => row.key === `key ${key}`).map(({ value }) => value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  test('a message that is published twice is handled once', async () => {
    await consume();
    const twice = message('a', 1);
    await publisher.publish([twice]);
    await publisher.publish([twice, message('a', 2)]);
    await until(async () => (await seen()).length === 2);
    expect((await seen()).map(({ value }) => value)).toEqual([1, 2]);
  });

  test('offsets are committed now and then, not with every batch', async () => {
    const server = await consume();
    await publisher.publish([message('a', 0)]);
    await until(async () => (await seen()).length === 1);
    const consumer = server.unwrap<Consumer>();
    let commits = 0;
    consumer.on(consumer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'OffsetCommit') commits++;
    });
    for (let value = 1; value <= 40; value++) {
      await publisher.publish([message('a', value)]);
      await until(async () => (await seen()).length === value + 1);
    }
    await until(() => commits > 0);
    expect(commits).toBeLessThan(20);
  });

  test('a poison message goes to the dead-letter topic, byte for byte, and holds up no other', async () => {
    const relay = new Relay({ store, unitsOfWork, publishers: [publisher], observer: quiet });
    relay.start();
    await consume(({ data }) => {
      if (data.value === 13) throw new PermanentError('13 is bad luck');
    });
    const poison = message('a', 13);
    const garbage = message('a', 1, { body: Buffer.from([0xff, 0x00, 0x7f]) });
    const direct = new KafkaPublisher(connection);
    await direct.publish([message('a', 12), poison, garbage, message('a', 14)]);
    await until(async () => (await seen()).length === 2);
    expect((await seen()).map(({ value }) => value)).toEqual([12, 14]);
    const dead = await read(deadLetterTopic('counts', 'counter'), 2);
    expect(dead.map(({ value }) => value)).toEqual(expect.arrayContaining([poison.body, garbage.body]));
    const letter = dead.find(({ value }) => value.equals(poison.body));
    expect(letter?.headers).toMatchObject({
      ...poison.headers,
      dlt_reason: '13 is bad luck',
      dlt_error: 'PermanentError',
      dlt_consumer: 'counter',
      dlt_attempts: expect.stringMatching(/^[12]$/),
      dlt_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      dlt_first_time: expect.stringMatching(/Z$/),
      dlt_last_time: expect.stringMatching(/Z$/),
      dlt_topic: 'counts',
      dlt_partition: expect.stringMatching(/^\d$/),
      dlt_offset: expect.stringMatching(/^\d+$/),
    });
    await direct.close();
    await relay.stop();
  });

  test('headers and keys that are no text are in the dead letter as they were', async () => {
    const relay = new Relay({ store, unitsOfWork, publishers: [publisher], observer: quiet });
    relay.start();
    await consume();
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    const producer = connection.producer();
    await producer.connect();
    await producer.send({
      topic: 'counts',
      messages: [
        { key: bytes, value: 'no json', headers: { ce_type: 'counted', raw: bytes, twice: ['a', bytes] } },
        { key: 'zero\0', value: 'no json', headers: { ce_type: 'counted', dlt_reason: 'forged' } },
        { key: null, value: 'no json', headers: { ce_type: 'counted', which: 'without key' } },
      ],
    });
    await producer.disconnect();
    const dead = await read(deadLetterTopic('counts', 'counter'), 3);
    const first = dead.find(({ raw }) => raw['raw']);
    expect(first?.raw['raw']).toEqual(bytes);
    expect(first?.raw['twice']).toEqual([Buffer.from('a'), bytes]);
    expect(first?.key).toEqual(bytes);
    const second = dead.find(({ key }) => key?.toString().startsWith('zero'));
    expect(second?.key?.toString()).toBe('zero\0');
    expect(second?.headers['dlt_reason']).not.toBe('forged');
    expect(dead.find(({ headers }) => headers['which'])?.key).toBeNull();
    await relay.stop();
  });

  test('a consumer that stops gives its work to another, which handles each message once', async () => {
    const first = await consume();
    await publisher.publish(Array.from({ length: 50 }, (_, n) => message('a', n)));
    await until(async () => (await seen()).length > 0);
    await first.close();
    await consume();
    await publisher.publish([message('a', 50)]);
    await until(async () => (await seen()).some(({ value }) => value === 50));
    expect((await seen()).map(({ value }) => value)).toEqual(Array.from({ length: 51 }, (_, n) => n));
  });

  test('goes on by itself when the broker was away', async () => {
    const server = await consume();
    await publisher.publish([message('a', 1)]);
    await until(async () => (await seen()).length === 1);
    const { port } = broker;
    await broker.close();
    await expect(publisher.publish([message('a', 2)])).rejects.toThrow();
    await expect(connection.check()).rejects.toThrow();
    await startBroker(port);
    await until(() =>
      publisher.publish([message('a', 3)]).then(
        () => true,
        () => false,
      ),
    );
    await until(async () => (await seen()).some(({ value }) => value === 3));
    await until(() =>
      server.check().then(
        () => true,
        () => false,
      ),
    );
    await connection.check();
  });

  test('tells how far a group is behind, from nothing committed to all handled', async () => {
    await publisher.publish(Array.from({ length: 20 }, (_, n) => message(`key ${n}`, n)));
    const lag = async () => (await connection.lagOf('counter', ['counts'])).get('counts');
    expect(await lag()).toBe(20);
    await consume();
    await until(async () => (await lag()) === 0);
    expect(await seen()).toHaveLength(20);
    await Promise.all(servers.splice(0).map((server) => server.close()));
    await publisher.publish([message('a', 20)]);
    expect(await lag()).toBe(1);
  });

  test('a follower takes every record of matching topics, also of those that are made later', async () => {
    const taken: string[] = [];
    const follower = new TopicFollower({
      connection,
      group: 'follower',
      matches: /\.dlt$/,
      interval: 50,
      handle: (records) => {
        taken.push(...records.map(({ topic: name, value }) => `${name} ${String(value)}`));
        return Promise.resolve();
      },
    });
    await expect(follower.check()).rejects.toThrow('not started');
    follower.start();
    const letter = (name: string, value: string) =>
      message('a', 1, { destination: topic(name), body: Buffer.from(value) });
    await publisher.publish([letter('a.x.dlt', '1'), letter('other', '2')]);
    await until(() => taken.length === 1);
    await publisher.publish([letter('b.x.dlt', '3'), letter('a.x.dlt', '4')]);
    await until(() => taken.length >= 3);
    expect(taken.toSorted()).toEqual(['a.x.dlt 1', 'a.x.dlt 4', 'b.x.dlt 3']);
    await follower.check();
    await follower.stop();
  });

  test('a message that the broker refuses is named as such', async () => {
    const large = message('a', 1, { body: Buffer.alloc(2 * 1024 * 1024) });
    await expect(publisher.publish([large])).rejects.toThrow(UndeliverableMessageError);
    await publisher.publish([message('a', 1)]);
  });
});

import { Logger } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { PermanentError, UndeliverableMessageError } from '@orderbridge/messaging';
import type { Consumer } from 'kafkajs';
import { KafkaUnderTest, message, until } from '../test-support/kafka-under-test.js';
import { deadLetterTopic } from './kafka-dead-letters.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { TopicFollower } from './topic-follower.js';

describe('Kafka transport on a broker', () => {
  let kafka: KafkaUnderTest;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    kafka = await KafkaUnderTest.start();
  });

  afterEach(() => kafka.stop());

  test('what is published is handled, in order per key', async () => {
    await kafka.consume();
    const messages = Array.from({ length: 300 }, (_, n) => message(`key ${n % 7}`, n));
    await kafka.publisher.publish(messages.slice(0, 150));
    await kafka.publisher.publish(messages.slice(150));
    await until(async () => (await kafka.seen()).length === 300);
    for (let key = 0; key < 7; key++) {
      const values = (await kafka.seen()).filter((row) => row.key === `key ${key}`).map(({ value }) => value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  test('a message that is published twice is handled once', async () => {
    await kafka.consume();
    const twice = message('a', 1);
    await kafka.publisher.publish([twice]);
    await kafka.publisher.publish([twice, message('a', 2)]);
    await until(async () => (await kafka.seen()).length === 2);
    expect((await kafka.seen()).map(({ value }) => value)).toEqual([1, 2]);
  });

  test('offsets are committed now and then, not with every batch', async () => {
    const server = await kafka.consume();
    await kafka.publisher.publish([message('a', 0)]);
    await until(async () => (await kafka.seen()).length === 1);
    const consumer = server.unwrap<Consumer>();
    let commits = 0;
    consumer.on(consumer.events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'OffsetCommit') commits++;
    });
    for (let value = 1; value <= 40; value++) {
      await kafka.publisher.publish([message('a', value)]);
      await until(async () => (await kafka.seen()).length === value + 1);
    }
    await until(() => commits > 0);
    expect(commits).toBeLessThan(20);
  });

  test('a poison message goes to the dead-letter topic, byte for byte, and holds up no other', async () => {
    kafka.relay();
    await kafka.consume(({ data }) => {
      if (data.value === 13) throw new PermanentError('13 is bad luck');
    });
    const poison = message('a', 13);
    const garbage = message('a', 1, { body: Buffer.from([0xff, 0x00, 0x7f]) });
    const direct = new KafkaPublisher(kafka.connection);
    await direct.publish([message('a', 12), poison, garbage, message('a', 14)]);
    await until(async () => (await kafka.seen()).length === 2);
    expect((await kafka.seen()).map(({ value }) => value)).toEqual([12, 14]);
    const dead = await kafka.read(deadLetterTopic('counts', 'counter'), 2);
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
  });

  test('headers and keys that are no text are in the dead letter as they were', async () => {
    kafka.relay();
    await kafka.consume();
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    const producer = kafka.connection.producer();
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
    const dead = await kafka.read(deadLetterTopic('counts', 'counter'), 3);
    const first = dead.find(({ raw }) => raw['raw']);
    expect(first?.raw['raw']).toEqual(bytes);
    expect(first?.raw['twice']).toEqual([Buffer.from('a'), bytes]);
    expect(first?.key).toEqual(bytes);
    const second = dead.find(({ key }) => key?.toString().startsWith('zero'));
    expect(second?.key?.toString()).toBe('zero\0');
    expect(second?.headers['dlt_reason']).not.toBe('forged');
    expect(dead.find(({ headers }) => headers['which'])?.key).toBeNull();
  });

  test('a consumer that stops gives its work to another, which handles each message once', async () => {
    const first = await kafka.consume();
    await kafka.publisher.publish(Array.from({ length: 50 }, (_, n) => message('a', n)));
    await until(async () => (await kafka.seen()).length > 0);
    await first.close();
    await kafka.consume();
    await kafka.publisher.publish([message('a', 50)]);
    await until(async () => (await kafka.seen()).some(({ value }) => value === 50));
    expect((await kafka.seen()).map(({ value }) => value)).toEqual(Array.from({ length: 51 }, (_, n) => n));
  });

  test('goes on by itself when the broker was away', async () => {
    const server = await kafka.consume();
    await kafka.publisher.publish([message('a', 1)]);
    await until(async () => (await kafka.seen()).length === 1);
    await kafka.stopBroker();
    await expect(kafka.publisher.publish([message('a', 2)])).rejects.toThrow();
    await expect(kafka.connection.check()).rejects.toThrow();
    await kafka.startBroker();
    await until(() =>
      kafka.publisher.publish([message('a', 3)]).then(
        () => true,
        () => false,
      ),
    );
    await until(async () => (await kafka.seen()).some(({ value }) => value === 3));
    await until(() =>
      server.check().then(
        () => true,
        () => false,
      ),
    );
    await kafka.connection.check();
  });

  test('tells how far a group is behind, from nothing committed to all handled', async () => {
    await kafka.publisher.publish(Array.from({ length: 20 }, (_, n) => message(`key ${n}`, n)));
    const lag = async () => (await kafka.connection.lagOf('counter', ['counts'])).get('counts');
    expect(await lag()).toBe(20);
    await kafka.consume();
    await until(async () => (await lag()) === 0);
    expect(await kafka.seen()).toHaveLength(20);
    await kafka.stopServers();
    await kafka.publisher.publish([message('a', 20)]);
    expect(await lag()).toBe(1);
  });

  test('a follower takes every record of matching topics, also of those that are made later', async () => {
    const taken: string[] = [];
    const follower = new TopicFollower({
      connection: kafka.connection,
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
    await kafka.publisher.publish([letter('a.x.dlt', '1'), letter('other', '2')]);
    await until(() => taken.length === 1);
    await kafka.publisher.publish([letter('b.x.dlt', '3'), letter('a.x.dlt', '4')]);
    await until(() => taken.length >= 3);
    expect(taken.toSorted()).toEqual(['a.x.dlt 1', 'a.x.dlt 4', 'b.x.dlt 3']);
    await follower.check();
    await follower.stop();
  });

  test('a message that the broker refuses is named as such', async () => {
    const large = message('a', 1, { body: Buffer.alloc(2 * 1024 * 1024) });
    await expect(kafka.publisher.publish([large])).rejects.toThrow(UndeliverableMessageError);
    await kafka.publisher.publish([message('a', 1)]);
  });
});

import { Logger } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { DestinationsUnavailableError, UndeliverableMessageError, UnitsOfWork } from '@orderbridge/messaging';
import { KafkaUnderTest, message, until } from '../test-support/kafka-under-test.js';
import { deadLetterTopic, originOf } from './kafka-dead-letters.js';
import { TopicFollower } from './topic-follower.js';

const DEAD_LETTERS = deadLetterTopic('counts', 'counter');

describe('topics that vanish while services run', () => {
  let kafka: KafkaUnderTest;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    kafka = await KafkaUnderTest.start();
  });

  afterEach(() => kafka.stop());

  const succeeds = (action: () => Promise<unknown>) =>
    until(() =>
      action().then(
        () => true,
        () => false,
      ),
    );

  const send = (unitsOfWork: UnitsOfWork, ...names: string[]) =>
    unitsOfWork.run((unit) => {
      for (const name of names) unit.sendEncoded(message('a', 1, { destination: topic(name) }));
      return Promise.resolve();
    });

  test('a topic that was deleted is created again by what is published to it, and nothing else waits', async () => {
    kafka.relay();
    await send(kafka.unitsOfWork, 'counts', DEAD_LETTERS);
    await Promise.all([kafka.read('counts', 1), kafka.read(DEAD_LETTERS, 1)]);
    await kafka.deleteTopics(DEAD_LETTERS);
    await send(kafka.unitsOfWork, DEAD_LETTERS, 'counts');
    await kafka.read('counts', 2);
    await kafka.read(DEAD_LETTERS, 1);
    await kafka.publisher.check();
  });

  test('a topic that cannot be created holds up no other', async () => {
    await kafka.publisher.publish([message('a', 1), message('a', 1, { destination: topic('late') })]);
    const ensureTopics = kafka.connection.ensureTopics.bind(kafka.connection);
    await kafka.deleteTopics('late');
    // As with a topic that this user may not create.
    kafka.connection.ensureTopics = (topics) => ensureTopics(topics.filter((name) => name !== 'late'));
    const both = [message('a', 2, { destination: topic('late') }), message('a', 2)];
    const failure: unknown = await kafka.publisher.publish(both).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DestinationsUnavailableError);
    expect([...(failure as DestinationsUnavailableError).causes.keys()]).toEqual(['late']);
    await kafka.read('counts', 2);
    kafka.connection.ensureTopics = ensureTopics;
    await kafka.publisher.publish(both.slice(0, 1));
    await kafka.read('late', 1);
  });

  test('a topic with an impossible name is refused, and its message is one that is undeliverable', async () => {
    const impossible = message('a', 1, { destination: topic('no/such topic') });
    await expect(kafka.publisher.publish([impossible, message('a', 1)])).rejects.toThrow(
      UndeliverableMessageError,
    );
    await expect(kafka.publisher.publish([impossible])).rejects.toThrow(UndeliverableMessageError);
    await kafka.publisher.check();
  });

  test('publishing that does not work is no secret', async () => {
    await kafka.publisher.publish([message('a', 1)]);
    kafka.connection.producer = () => {
      throw new Error('Not authorized to use idempotent producers');
    };
    await kafka.publisher.close();
    await expect(kafka.publisher.publish([message('a', 2)])).rejects.toThrow('Not authorized');
    await expect(kafka.publisher.check()).rejects.toThrow('Not authorized');
  });

  test('a consumer creates topics that were deleted, joins its group again and goes on', async () => {
    const server = await kafka.consume();
    await kafka.publisher.publish([message('a', 1)]);
    await kafka.handled(1);
    await kafka.deleteTopics('counts', DEAD_LETTERS);
    await until(async () => {
      const topics = await kafka.connection.topics();
      return topics.includes('counts') && topics.includes(DEAD_LETTERS);
    });
    await kafka.publisher.publish([message('a', 2)]);
    await kafka.handled(2);
    await succeeds(() => server.check());
  });

  test('a consumer is not ready while its topics are missing', async () => {
    const server = await kafka.consume();
    await succeeds(() => server.check());
    kafka.connection.ensureTopics = () => Promise.reject(new Error('Not authorized to create topics'));
    await kafka.deleteTopics(DEAD_LETTERS);
    await until(() =>
      server.check().then(
        () => false,
        (error: Error) => error.message.includes('Not authorized'),
      ),
    );
  });

  test('a broker that comes back empty gets all topics again, and what comes then is handled', async () => {
    const server = await kafka.consume();
    for (let value = 0; value < 5; value++) await kafka.publisher.publish([message('a', value)]);
    await kafka.handled(4);
    await kafka.stopBroker();
    await kafka.startBroker('lost');
    await succeeds(() => kafka.publisher.publish([message('a', 5)]));
    await kafka.handled(5);
    await succeeds(() => server.check());
    expect(await kafka.connection.topics()).toEqual(expect.arrayContaining(['counts', DEAD_LETTERS]));
  });

  test('a bad message where another one was before is a dead letter, too; the same one again is not', async () => {
    kafka.relay();
    await kafka.consume();
    const bad = (body: string) => message('a', 1, { body: Buffer.from(body) });
    await kafka.publisher.publish([bad('first')]);
    await kafka.read(DEAD_LETTERS, 1);
    await kafka.deleteTopics('counts');
    // Creates the topic again, in which the consumer's position is that of its end.
    await succeeds(() => kafka.publisher.publish([bad('second')]));
    const dead = await kafka.read(DEAD_LETTERS, 2);
    expect(dead.map(({ value }) => String(value))).toEqual(expect.arrayContaining(['first', 'second']));
    expect(
      new Set(dead.map(({ headers }) => `${headers['dlt_partition']}@${headers['dlt_offset']}`)).size,
    ).toBe(1);
  });

  describe('a topic that was deleted, created again and filled beyond the position of its consumer', () => {
    /** The consumer is in the middle of its fifth record while the topic is replaced by one with eight others. */
    async function replaceUnderConsumer(): Promise<{ goOn: () => void }> {
      let reached = () => {};
      let goOn = () => {};
      const atFifth = new Promise<void>((resolve) => (reached = resolve));
      const gate = new Promise<void>((resolve) => (goOn = resolve));
      await kafka.consume(async ({ data }) => {
        if (data.value !== 4) return;
        reached();
        await gate;
      });
      for (let value = 0; value < 4; value++) await kafka.publisher.publish([message('a', value)]);
      await kafka.handled(3);
      await kafka.publisher.publish([message('a', 4)]);
      await atFifth;
      await kafka.deleteTopics('counts');
      await succeeds(() => kafka.publisher.publish([message('a', 10)]));
      for (let value = 11; value < 18; value++) await kafka.publisher.publish([message('a', value)]);
      return { goOn };
    }

    const values = async () => (await kafka.seen()).map(({ value }) => value).toSorted((a, b) => a - b);
    const expected = [0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17];

    test('is read from its first record on while the consumer runs', async () => {
      const { goOn } = await replaceUnderConsumer();
      goOn();
      await kafka.handled(...expected);
      expect(await values()).toEqual(expected);
    });

    test('is read from its first record on by a consumer that starts afterwards', async () => {
      const { goOn } = await replaceUnderConsumer();
      goOn();
      // The broker forgets the positions in what is deleted; then the consumer commits its old one again.
      await until(async () => (await kafka.committed('counter', 'counts')).length > 0);
      await kafka.stopServers();
      await kafka.consume();
      await kafka.handled(...expected);
      expect(await values()).toEqual(expected);
    });
  });

  test('a record has the same identity however often it is delivered', () => {
    const position = { topic: 'counts', partition: 0, offset: '7' };
    const record = {
      key: Buffer.from('k'),
      value: Buffer.from('v'),
      headers: { a: Buffer.from('b') },
      timestamp: '1',
    };
    const origin = originOf(position, record);
    expect(originOf(position, { ...record, headers: { ...record.headers } })).toBe(origin);
    const others = [
      originOf({ ...position, offset: '8' }, record),
      originOf(position, { ...record, key: null }),
      originOf(position, { ...record, value: Buffer.from('w') }),
      originOf(position, { ...record, headers: { a: Buffer.from('c') } }),
      originOf(position, { ...record, timestamp: '2' }),
    ];
    expect(new Set([origin, ...others]).size).toBe(6);
  });

  test('a follower takes the records of topics that were deleted and created again from the first one on', async () => {
    const taken: string[] = [];
    const follower = new TopicFollower({
      connection: kafka.connection,
      group: 'follower',
      matches: /\.dlt$/,
      interval: 50,
      handle: (records) => {
        taken.push(...records.map(({ value }) => String(value)));
        return Promise.resolve();
      },
    });
    follower.start();
    const publish = (...values: string[]) =>
      kafka.publisher.publish(
        values.map((value) => message('a', 1, { destination: topic('a.x.dlt'), body: Buffer.from(value) })),
      );
    await publish('1', '2', '3');
    await until(() => taken.length === 3);
    await kafka.deleteTopics('a.x.dlt');
    await succeeds(() => publish('4', '5', '6', '7'));
    await until(() => taken.length >= 7);
    expect(taken).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    await follower.stop();
  });
});

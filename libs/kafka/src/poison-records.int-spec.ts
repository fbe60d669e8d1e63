import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import kafkajs from 'kafkajs';
import { compressLz4, compressSnappyBlocks, compressZstd, type Compress } from '../test-support/codecs.js';
import { KafkaUnderTest, message, until } from '../test-support/kafka-under-test.js';
import { deadLetterTopic } from './kafka-dead-letters.js';
import type { RecordHeaders } from './record-batches/fetched-message.js';
import { NO_VALUE } from './record-batches/kafkajs-seam.js';
import { TopicFollower } from './topic-follower.js';

const { CompressionTypes } = kafkajs;
/** There is no such compression. */
const UNKNOWN = 5;
const codecs = kafkajs.CompressionCodecs as Record<number, () => unknown>;
const DEAD_LETTERS = deadLetterTopic('counts', 'counter');

/** What a producer with another client does; ours does not open what it has compressed. */
const producing = (compress: Compress) => () => ({
  compress: ({ buffer }: { buffer: Buffer }) => compress(buffer),
  decompress: () => Promise.reject(new Error('not ours to open')),
});
codecs[CompressionTypes.Snappy] = producing(compressSnappyBlocks);
codecs[CompressionTypes.LZ4] = producing(compressLz4);
codecs[CompressionTypes.ZSTD] = producing(compressZstd);

describe('records that stop others', () => {
  let kafka: KafkaUnderTest;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    kafka = await KafkaUnderTest.start({ KAFKA_PARTITIONS: '1' });
    await kafka.connection.ensureTopics(['counts', DEAD_LETTERS]);
  });

  afterEach(() => kafka.stop());

  /** Sends what a stranger may send. */
  const send = async (
    messages: { key?: string; value: string | Buffer; headers?: RecordHeaders | Record<string, unknown> }[],
    compression: number = CompressionTypes.None,
    topic = 'counts',
  ) => {
    const producer = kafka.connection.producer();
    await producer.connect();
    await producer.send({ topic, messages: messages as never, compression });
    await producer.disconnect();
  };

  const event = (value: number, headers: Record<string, unknown> = {}) => {
    const { key, body, headers: own } = message('a', value);
    return {
      key,
      value: body,
      headers: Object.fromEntries([...Object.entries(own), ...Object.entries(headers)]),
    };
  };

  test.each([
    ['gzip', CompressionTypes.GZIP],
    ['snappy', CompressionTypes.Snappy],
    ['lz4', CompressionTypes.LZ4],
    ['zstd', CompressionTypes.ZSTD],
  ])('what is compressed with %s is handled', async (_name, compression) => {
    await kafka.consume();
    await send([event(1)]);
    await send(
      Array.from({ length: 50 }, (_, n) => event(2 + n)),
      compression,
    );
    await send([event(52)]);
    await kafka.handled(1, 2, 51, 52);
    expect((await kafka.seen()).map(({ value }) => value)).toEqual(
      Array.from({ length: 52 }, (_, n) => n + 1),
    );
  });

  test('what cannot be opened is a dead letter with all its bytes, and what follows is handled', async () => {
    kafka.relay();
    const isSame = await sameConsumerOf(await kafka.consume());
    await send([event(1)]);
    codecs[CompressionTypes.ZSTD] = producing(() => Promise.resolve(Buffer.from('no zstd at all')));
    await send([event(2)], CompressionTypes.ZSTD);
    codecs[CompressionTypes.ZSTD] = producing(compressZstd);
    codecs[UNKNOWN] = producing((bytes) => Promise.resolve(bytes));
    await send([event(3)], UNKNOWN);
    await send([event(4)]);
    await kafka.handled(1, 4);
    const dead = await kafka.read(DEAD_LETTERS, 2);
    expect(dead[0]?.value.toString()).toContain('no zstd at all');
    expect(dead.map(({ headers }) => headers)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({
          dlt_error: 'UnreadableBatchError',
          dlt_attempts: '3',
          dlt_topic: 'counts',
          dlt_partition: '0',
        }),
      ),
    );
    expect(isSame()).toBe(true);
  });

  const PROPERTIES = Object.getOwnPropertyNames(Object.prototype);

  test('headers may have any name, and their dead letters have the same', async () => {
    kafka.relay();
    await kafka.consume();
    const headers = Object.fromEntries(PROPERTIES.map((name) => [name, `the ${name}`]));
    await send([event(1, headers), { value: 'no event', headers }, event(2)]);
    await kafka.handled(1, 2);
    const [dead] = await kafka.read(DEAD_LETTERS, 1);
    const names = Object.entries(dead?.headers ?? {}).filter(([name]) => PROPERTIES.includes(name));
    expect(Object.fromEntries(names)).toEqual(headers);
  });

  test('headers without a value, with none and several, and with names that are none, are in the dead letter as they were', async () => {
    kafka.relay();
    await kafka.consume();
    const headers = {
      none: NO_VALUE,
      empty: '',
      several: ['a', NO_VALUE, 'a'],
      ':key': 'b',
      '': 'c',
      '::': Buffer.from([255]),
    };
    await send([{ value: 'no event', headers }]);
    const [dead] = await kafka.read(DEAD_LETTERS, 1);
    expect(dead?.raw).toMatchObject({
      none: null,
      empty: Buffer.alloc(0),
      several: [Buffer.from('a'), null, Buffer.from('a')],
      ':key': Buffer.from('b'),
      '': Buffer.from('c'),
      '::': Buffer.from([255]),
    });
  });

  test.each([5_000, 20_000])('a record with %i headers holds nobody up', async (count) => {
    kafka.relay();
    await kafka.consume();
    await send([event(1)]);
    await kafka.handled(1);
    const headers = Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${n}`, 'x']));
    let longest = 0;
    let before = performance.now();
    const beat = setInterval(() => {
      longest = Math.max(longest, performance.now() - before);
      before = performance.now();
    }, 10);
    await send([{ value: 'no event', headers }, event(2)]);
    await kafka.handled(2);
    await kafka.read(DEAD_LETTERS, 1);
    clearInterval(beat);
    expect(longest).toBeLessThan(5_000);
  });

  test('a follower takes them all, and what follows', async () => {
    const taken: { value: string; reason: string | undefined }[] = [];
    const follower = new TopicFollower({
      connection: kafka.connection,
      group: 'follower',
      matches: /\.dlt$/,
      interval: 50,
      handle: (records) => {
        for (const { value, unreadable } of records)
          taken.push({ value: String(value), reason: unreadable?.name });
        return Promise.resolve();
      },
    });
    follower.start();
    const headers = Object.fromEntries(PROPERTIES.map((name) => [name, 'x']));
    await send([{ value: 'first', headers }], CompressionTypes.Snappy, DEAD_LETTERS);
    codecs[UNKNOWN] = producing((bytes) => Promise.resolve(bytes));
    await send([{ value: 'unreadable' }], UNKNOWN, DEAD_LETTERS);
    await send([{ value: 'last', headers: { none: NO_VALUE } }], CompressionTypes.LZ4, DEAD_LETTERS);
    await until(() => taken.length === 3);
    await follower.stop();
    expect(taken.map(({ reason }) => reason)).toEqual([undefined, 'UnreadableBatchError', undefined]);
    expect(taken.map(({ value }) => value)).toEqual(['first', expect.stringContaining('unreadable'), 'last']);
  });

  test('a consumer that crashes again and again waits longer and longer, and leaves no listener behind', async () => {
    const listening = new Map<AbortSignal, number>();
    for (const [name, change] of [
      ['addEventListener', 1],
      ['removeEventListener', -1],
    ] as const) {
      const original = Reflect.get(AbortSignal.prototype, name);
      jest.spyOn(AbortSignal.prototype, name).mockImplementation(function counted(
        this: AbortSignal,
        ...args: unknown[]
      ) {
        listening.set(this, (listening.get(this) ?? 0) + change);
        Reflect.apply(original, this, args);
      });
    }
    try {
      const server = await kafka.consume();
      await ready(server);
      kafka.unitsOfWork.run = () => Promise.reject(new TypeError('A bug of ours'));
      await send([{ value: 'no event' }]);
      const times: number[] = [];
      for (let consumer = server.unwrap(); times.length < 6; consumer = server.unwrap()) {
        await until(() => server.unwrap() !== consumer);
        times.push(performance.now());
      }
      const waits = times.slice(1).map((time, index) => time - (times[index] as number));
      expect(waits.at(-1)).toBeGreaterThan(2 * (waits[0] as number));
      // One at a time, beside those that a wait adds and removes.
      expect(Math.max(...listening.values())).toBeLessThanOrEqual(2);
    } finally {
      jest.restoreAllMocks();
    }
  });
});

interface Served {
  check(): Promise<void>;
  unwrap(): unknown;
}

const ready = (server: Served) =>
  until(() =>
    server.check().then(
      () => true,
      () => false,
    ),
  );

/** Whether a server still has the consumer that it has now. */
async function sameConsumerOf(server: Served): Promise<() => boolean> {
  await ready(server);
  const first = server.unwrap();
  return () => server.unwrap() === first;
}

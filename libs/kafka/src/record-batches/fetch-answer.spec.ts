import { createRequire } from 'node:module';
import fc from 'fast-check';
import { compressLz4 } from '../../test-support/codecs.js';
import { crc32c } from './crc32c.js';
import { readFetchAnswer } from './fetch-answer.js';
import type { FetchedMessage } from './fetched-message.js';

interface Encoded {
  readonly buffer: Buffer;
}
interface Answer {
  readonly responses: readonly { readonly partitions: readonly { readonly messages: FetchedMessage[] }[] }[];
}

const require = createRequire(import.meta.url);
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoded;
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoded>;
};
const kafkajsAnswer = require('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(bytes: Buffer): Promise<Answer>;
};

const VERSION = 11;
const TIME = 1_700_000_000_000;
/** Where a batch keeps what tests change. */
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const COUNT_AT = 57;

/** Records as kafkajs sends them, in a batch that begins at an offset. */
async function batchOf(records: readonly object[], firstOffset = 0, compression = 0): Promise<Buffer> {
  const { buffer } = await encodeBatch({
    compression,
    records: records.map((record, offsetDelta) =>
      encodeRecord({ ...record, offsetDelta, timestampDelta: offsetDelta }),
    ),
    firstTimestamp: TIME,
    maxTimestamp: TIME + records.length - 1,
    producerId: 7,
    producerEpoch: 1,
    firstSequence: 3,
    transactional: false,
    lastOffsetDelta: records.length - 1,
  });
  const bytes = Buffer.from(buffer);
  bytes.writeBigInt64BE(BigInt(firstOffset));
  return bytes;
}

/** A batch with changed bytes, and the checksum that belongs to them. */
function changed(batch: Buffer, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(batch);
  change(bytes);
  bytes.writeInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)) | 0, CRC_AT);
  return bytes;
}

/** The answer to a Fetch of one partition. */
function answerOf(...batches: Buffer[]): Buffer {
  const records = Buffer.concat(batches);
  const head = Buffer.alloc(14);
  head.writeInt32BE(1, 10);
  const name = Buffer.from('\0\u0006counts');
  const partition = Buffer.alloc(46);
  partition.writeInt32BE(1);
  partition.writeBigInt64BE(1_000_000n, 10);
  partition.writeBigInt64BE(1_000_000n, 18);
  partition.writeInt32BE(-1, 38);
  const size = Buffer.alloc(4);
  size.writeInt32BE(records.length);
  partition.writeInt32BE(-1, 34);
  return Buffer.concat([head, name, partition.subarray(0, 42), size, records]);
}

const read = async (bytes: Buffer, fetchOffset = 0): Promise<FetchedMessage[]> => {
  const topics = [{ topic: 'counts', partitions: [{ partition: 0, fetchOffset: `${fetchOffset}` }] }];
  const { responses } = await readFetchAnswer(bytes, VERSION, { topics });
  return responses[0]?.partitions[0]?.messages ?? [];
};
const offsetsOf = (messages: readonly FetchedMessage[]): number[] =>
  messages.map(({ offset }) => Number(offset));
const event = (value: string) => ({
  key: Buffer.from('k'),
  value: Buffer.from(value),
  headers: { ce_type: 'counted' },
});

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const record = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(
    fc.stringMatching(/^[a-z_]{1,12}$/).map((name) => `ce_${name}`),
    fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 4 })),
    { maxKeys: 6 },
  ),
});

test('ordinary records are read as kafkajs reads them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(record, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom(0, 1),
      async (batches, compression) => {
        let offset = 0;
        const encoded: Buffer[] = [];
        for (const records of batches) {
          encoded.push(await batchOf(records, offset, compression));
          offset += records.length;
        }
        const answer = answerOf(...encoded);
        const ours: unknown = await readFetchAnswer(answer, VERSION, { topics: [] });
        const theirs: unknown = await kafkajsAnswer.decode(answer);
        expect(plain(ours)).toEqual(plain(theirs));
      },
    ),
    { numRuns: 100 },
  );
});

test('only the records from the offset on that was asked for are read, of many only some at once', async () => {
  const batch = await batchOf(Array.from({ length: 25_000 }, (_, n) => event(`${n}`)));
  const next = await batchOf([event('next')], 25_000);
  const read1 = offsetsOf(await read(answerOf(batch, next), 5));
  expect([read1[0], read1.at(-1), read1.length]).toEqual([5, 10_004, 10_000]);
  const read3 = offsetsOf(await read(answerOf(batch, next), 20_005));
  expect([read3[0], read3.at(-1)]).toEqual([20_005, 25_000]);
});

test('one record that cannot be read is one message, and those around it are read', async () => {
  const batch = await batchOf([event('first'), event('second'), event('third')]);
  // The key of the second one is longer than the record.
  const at = batch.indexOf(Buffer.from('k\u000csecond')) - 1;
  const messages = await read(answerOf(changed(batch, (damaged) => damaged.writeUInt8(126, at))));
  expect(
    messages.map(({ value, unreadable }) => [unreadable?.name, String(value).includes('second')]),
  ).toEqual([
    [undefined, false],
    ['UnreadableBatchError', true],
    [undefined, false],
  ]);
  expect(offsetsOf(messages)).toEqual([0, 1, 2]);
});

describe('a batch that cannot be read is one message with all its bytes, at its end, and the next one is read', () => {
  const cases: [string, (batch: Buffer) => Buffer][] = [
    [
      'a wrong checksum',
      (batch) => (batch.writeUInt8((batch.at(-1) as number) ^ 1, batch.length - 1), batch),
    ],
    ['an unknown compression', (batch) => changed(batch, (one) => one.writeInt16BE(7, ATTRIBUTES_AT))],
    [
      'bytes that are not compressed as it says',
      (batch) => changed(batch, (one) => one.writeInt16BE(4, ATTRIBUTES_AT)),
    ],
    ['more records than it has', (batch) => changed(batch, (one) => one.writeInt32BE(0x7fffffff, COUNT_AT))],
    ['less records than it has', (batch) => changed(batch, (one) => one.writeInt32BE(1, COUNT_AT))],
    ['less than no records', (batch) => changed(batch, (one) => one.writeInt32BE(-5, COUNT_AT))],
    ['a format of other times', (batch) => (batch.writeInt8(1, 16), batch)],
  ];
  test.each(cases)('%s', async (_name, damage) => {
    const batch = damage(await batchOf([event('a'), event('b'), event('c')], 10));
    const messages = await read(answerOf(batch, await batchOf([event('next')], 13)), 10);
    expect(offsetsOf(messages)).toEqual([12, 13]);
    expect(messages[0]?.unreadable?.name).toBe('UnreadableBatchError');
    expect(messages[0]?.value).toEqual(batch);
    expect(String(messages[1]?.value)).toBe('next');
  });
});

test('a batch without records leads beyond it, and is handled by nobody', async () => {
  const batch = changed((await batchOf([event('a'), event('b')], 10)).subarray(0, 61), (one) => {
    one.writeInt32BE(0, COUNT_AT);
    one.writeInt32BE(61 - 12, 8);
  });
  expect(await read(answerOf(batch), 10)).toMatchObject([{ offset: '11', isControlRecord: true }]);
});

test('a batch that is very large when opened holds nobody up', async () => {
  const empty = await batchOf([event('a')]);
  const compressed = await compressLz4(Buffer.alloc(200 * 1024 * 1024));
  const bomb = changed(Buffer.concat([empty.subarray(0, 61), compressed]), (one) => {
    one.writeInt16BE(3, ATTRIBUTES_AT);
    one.writeInt32BE(one.length - 12, 8);
  });
  const messages = await read(answerOf(bomb));
  expect(messages[0]?.unreadable?.message).toMatch('larger than');
  expect(process.memoryUsage().arrayBuffers).toBeLessThan(1024 * 1024 * 1024);
});

test('whatever the bytes are, reading ends, and never before an offset that was asked for', async () => {
  const batch = await batchOf([event('a'), event('b'), event('c')], 10);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 12, max: batch.length - 1 }),
      fc.nat(255),
      fc.boolean(),
      async (at, byte, valid) => {
        const damaged = Buffer.from(batch);
        damaged[at] = byte;
        const messages = await read(answerOf(valid ? changed(damaged, () => undefined) : damaged), 11);
        expect(messages.length).toBeGreaterThan(0);
        expect(offsetsOf(messages).at(-1)).toBeGreaterThanOrEqual(11);
      },
    ),
    { numRuns: 500 },
  );
});

/** Without what is no property of its own, as of an object without a prototype. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? `${each}` : each)));

import { gzipSync } from 'node:zlib';
import { encodeBatch } from '../../test-support/record-batches.js';
import { RecordBatch } from './record-batch.js';
import { firstRecordSince, youngestRecord } from './record-timestamps.js';

/** Three records with the timestamps 100, 105 and 103. */
const deltas = [0, 5, 3];
const records = Buffer.concat(
  // length, attributes, timestamp delta, offset delta (all zigzag varints), no key, empty value, no headers
  deltas.map((delta, index) => Buffer.from([12, 0, 2 * delta, 2 * index, 1, 0, 0])),
);

function batch(codec: number, body: Buffer): RecordBatch {
  const header = encodeBatch(['a', 'b', 'c'], { timestamp: 100, attributes: codec }).subarray(0, 61);
  header.writeBigInt64BE(105n, 35);
  const bytes = Buffer.concat([header, body]);
  bytes.writeBigInt64BE(50n, 0);
  return new RecordBatch(bytes);
}

test.each([
  ['uncompressed', batch(0, records)],
  ['gzip', batch(1, gzipSync(records))],
])('the first record that is young enough is found, %s', async (_name, found) => {
  expect(await firstRecordSince(found, 0)).toEqual({ offset: 50, timestamp: 100 });
  expect(await firstRecordSince(found, 101)).toEqual({ offset: 51, timestamp: 105 });
  expect(await firstRecordSince(found, 106)).toBeUndefined();
  expect(await youngestRecord(found)).toEqual({ offset: 51, timestamp: 105 });
});

test.each([
  ['another compression', batch(2, Buffer.from('snappy'))],
  ['gzip that is none', batch(1, Buffer.from('not gzip'))],
])('a batch that cannot be opened is answered for as a whole: %s', async (_name, found) => {
  expect(await firstRecordSince(found, 103)).toEqual({ offset: 50, timestamp: 100 });
});

test('records without sense end the search', async () => {
  const endless = batch(0, Buffer.alloc(1000));
  endless.bytes.writeInt32BE(2 ** 31 - 1, 57);
  expect(await firstRecordSince(endless, 101)).toBeUndefined();
});

import { encodeBatch } from '../../test-support/record-batches.js';
import { ErrorCode } from '../protocol/errors.js';
import { acceptBatch, batchLengthAt, maxTimestampAt, nextOffsetAt, RecordBatch } from './record-batch.js';

const limit = 10_000;

function changed(change: (batch: Buffer) => void): Buffer {
  const batch = encodeBatch(['a', 'b']);
  change(batch);
  return batch;
}

test('a good batch is accepted and tells what it is', () => {
  const bytes = encodeBatch(['a', 'b', 'c'], {
    producerId: 7,
    baseSequence: 40,
    timestamp: 1_700_000_000_000,
  });
  const batch = acceptBatch(bytes, limit);
  expect(batch).toMatchObject({
    recordCount: 3,
    producerId: 7,
    producerEpoch: 0,
    baseSequence: 40,
    baseTimestamp: 1_700_000_000_000,
    maxTimestamp: 1_700_000_000_000,
  });
});

test('a placed batch has its offsets and is still intact', () => {
  const bytes = encodeBatch(['a', 'b', 'c']);
  const batch = acceptBatch(bytes, limit);
  batch.place(5_000_000_000);
  expect(batch).toMatchObject({
    baseOffset: 5_000_000_000,
    lastOffset: 5_000_000_002,
    nextOffset: 5_000_000_003,
  });
  expect(nextOffsetAt(bytes, 0)).toBe(5_000_000_003);
  expect(maxTimestampAt(bytes, 0)).toBe(0);
  expect(batchLengthAt(bytes, 0)).toBe(bytes.length);
  expect(acceptBatch(bytes, limit)).toEqual(new RecordBatch(bytes));
});

test.each([
  ['nothing', null, ErrorCode.INVALID_RECORD],
  ['less than a header', Buffer.alloc(60), ErrorCode.INVALID_RECORD],
  ['an old format', changed((batch) => batch.writeInt8(1, 16)), ErrorCode.INVALID_RECORD],
  ['a flipped bit', changed((batch) => (batch[65]! ^= 1)), ErrorCode.CORRUPT_MESSAGE],
  ['a length that is too long', changed((batch) => batch.writeInt32BE(99_999, 8)), ErrorCode.CORRUPT_MESSAGE],
  ['a negative length', changed((batch) => batch.writeInt32BE(-5, 8)), ErrorCode.CORRUPT_MESSAGE],
  ['two batches', Buffer.concat([encodeBatch(['a']), encodeBatch(['b'])]), ErrorCode.INVALID_RECORD],
  ['too many bytes', encodeBatch(['x'.repeat(limit)]), ErrorCode.MESSAGE_TOO_LARGE],
  ['a control batch', encodeBatch(['a'], { attributes: 0x20 }), ErrorCode.INVALID_RECORD],
  ['a transactional batch', encodeBatch(['a'], { attributes: 0x10 }), ErrorCode.INVALID_TXN_STATE],
])('%s is refused', (_case, bytes, code) => {
  expect(() => acceptBatch(bytes, limit)).toThrow(expect.objectContaining({ code }));
});

import { encodeBatch } from '../../test-support/record-batches.js';
import { ErrorCode } from '../protocol/errors.js';
import { RecordBatch } from '../record/record-batch.js';
import { ProducerSequences } from './producer-sequences.js';

const producerId = 7;
let sequences: ProducerSequences;
let nextOffset: number;

beforeEach(() => {
  sequences = new ProducerSequences();
  nextOffset = 0;
});

function batch(baseSequence: number, records = 1, producerEpoch = 0): RecordBatch {
  const values = Array<string>(records).fill('value');
  return new RecordBatch(encodeBatch(values, { producerId, producerEpoch, baseSequence }));
}

function append(appended: RecordBatch, durableBelow = nextOffset): void {
  appended.place(nextOffset);
  nextOffset = appended.nextOffset;
  sequences.record(appended, durableBelow, Date.now());
}

const refusedWith = (code: ErrorCode) => expect.objectContaining({ code });

test('consecutive batches are new, a repeated one has the offset it got first', () => {
  append(batch(0, 3));
  append(batch(3, 2));
  expect(sequences.check(batch(5))).toBeUndefined();
  expect(sequences.check(batch(0, 3))).toBe(0);
  expect(sequences.check(batch(3, 2))).toBe(3);
});

test('a gap and a batch from long ago are out of order', () => {
  for (let sequence = 0; sequence < 7; sequence++) append(batch(sequence));
  expect(() => sequences.check(batch(9))).toThrow(refusedWith(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
  expect(sequences.check(batch(2))).toBe(2);
  expect(() => sequences.check(batch(0))).toThrow(refusedWith(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
});

test('a batch that overlaps one that was written is out of order', () => {
  append(batch(0, 3));
  expect(() => sequences.check(batch(1, 3))).toThrow(refusedWith(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
});

test('an unknown producer may begin anywhere, a new epoch begins with 0', () => {
  expect(sequences.check(batch(41))).toBeUndefined();
  append(batch(41));
  expect(sequences.check(batch(0, 1, 1))).toBeUndefined();
  expect(() => sequences.check(batch(42, 1, 1))).toThrow(refusedWith(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
  append(batch(0, 1, 1));
  expect(() => sequences.check(batch(42))).toThrow(refusedWith(ErrorCode.INVALID_PRODUCER_EPOCH));
});

test('after the largest sequence comes 0', () => {
  append(batch(2 ** 31 - 2, 2));
  expect(sequences.check(batch(0))).toBeUndefined();
  append(batch(0));
  expect(sequences.check(batch(1))).toBeUndefined();
});

test('producers without an id are not tracked', () => {
  const plain = new RecordBatch(encodeBatch(['value']));
  append(plain);
  expect(sequences.check(plain)).toBeUndefined();
  expect(sequences.snapshot(Infinity)).toEqual([]);
});

test('what could not be written is forgotten, the five durable batches before it are not', () => {
  for (let sequence = 0; sequence < 5; sequence++) append(batch(sequence));
  for (let sequence = 5; sequence < 10; sequence++) append(batch(sequence), 5);
  sequences.truncate(5);
  expect(sequences.check(batch(0))).toBe(0);
  expect(sequences.check(batch(5))).toBeUndefined();
  expect(() => sequences.check(batch(6))).toThrow(refusedWith(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
});

test('a snapshot holds what lies below its offset', () => {
  for (let sequence = 0; sequence < 4; sequence++) append(batch(sequence));
  const restored = new ProducerSequences();
  restored.restore(JSON.parse(JSON.stringify(sequences.snapshot(3))) as never);
  expect(restored.check(batch(2))).toBe(2);
  expect(restored.check(batch(3))).toBeUndefined();
});

test('idle producers expire', () => {
  append(batch(0));
  sequences.expire(Date.now() + 1);
  expect(sequences.check(batch(99))).toBeUndefined();
});

import { ErrorCode, RefusedError } from '../protocol/errors.js';
import { crc32c } from './crc32c.js';

/** Where the fields of a record batch of format 2 ("magic 2") lie; the checksum covers all from `attributes` on. */
const at = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** `length` counts the bytes after itself. */
const uncountedBytes = at.leaderEpoch;
const transactional = 0x10;
const control = 0x20;

/** Bytes that must be read to know everything about a batch but its records. */
export const batchHeaderBytes = at.records;

/** The broker has one leader for ever, so every batch is of the same epoch. */
export const leaderEpoch = 0;

/** A view of one record batch; nothing is copied and the records stay as the producer compressed them. */
export class RecordBatch {
  constructor(readonly bytes: Buffer) {}

  get baseOffset(): number {
    return readInt64(this.bytes, at.baseOffset);
  }

  get lastOffset(): number {
    return this.baseOffset + this.bytes.readInt32BE(at.lastOffsetDelta);
  }

  get nextOffset(): number {
    return this.lastOffset + 1;
  }

  get baseTimestamp(): number {
    return readInt64(this.bytes, at.baseTimestamp);
  }

  get maxTimestamp(): number {
    return readInt64(this.bytes, at.maxTimestamp);
  }

  get attributes(): number {
    return this.bytes.readInt16BE(at.attributes);
  }

  /** -1 when the producer is not idempotent. */
  get producerId(): number {
    return readInt64(this.bytes, at.producerId);
  }

  get producerEpoch(): number {
    return this.bytes.readInt16BE(at.producerEpoch);
  }

  get baseSequence(): number {
    return this.bytes.readInt32BE(at.baseSequence);
  }

  get recordCount(): number {
    return this.bytes.readInt32BE(at.recordCount);
  }

  get records(): Buffer {
    return this.bytes.subarray(at.records);
  }

  /** Gives the batch its place in the log. The checksum does not cover what changes. */
  place(baseOffset: number): void {
    writeInt64(this.bytes, at.baseOffset, baseOffset);
    this.bytes.writeInt32BE(leaderEpoch, at.leaderEpoch);
  }
}

/** The whole length of the batch that starts at `position`, or undefined if not even its length is there. */
export function batchLengthAt(buffer: Buffer, position: number): number | undefined {
  if (position + uncountedBytes > buffer.length) return undefined;
  return buffer.readInt32BE(position + at.length) + uncountedBytes;
}

/** Offset after the batch whose header is at `position`. */
export function nextOffsetAt(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + at.baseOffset) + buffer.readInt32BE(position + at.lastOffsetDelta) + 1;
}

export function maxTimestampAt(buffer: Buffer, position: number): number {
  return readInt64(buffer, position + at.maxTimestamp);
}

/**
 * Checks what a producer sent for one partition: exactly one intact batch of format 2.
 *
 * @throws RefusedError with the code that Kafka gives for the same fault
 */
export function acceptBatch(bytes: Buffer | null, maxBytes: number): RecordBatch {
  if (bytes === null || bytes.length < at.records) {
    throw new RefusedError(ErrorCode.INVALID_RECORD, 'There is no complete record batch.');
  }
  if (bytes.readInt8(at.magic) !== 2) {
    throw new RefusedError(ErrorCode.INVALID_RECORD, 'Only record batches of format 2 are accepted.');
  }
  const length = batchLengthAt(bytes, 0)!;
  if (length < at.records || length > bytes.length) {
    throw new RefusedError(ErrorCode.CORRUPT_MESSAGE, 'The length of the record batch is wrong.');
  }
  if (length < bytes.length) {
    throw new RefusedError(ErrorCode.INVALID_RECORD, 'There must be exactly one record batch.');
  }
  if (length > maxBytes) {
    throw new RefusedError(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The record batch has ${length} bytes, max.message.bytes is ${maxBytes}.`,
    );
  }
  if (bytes.readUInt32BE(at.crc) !== crc32c(bytes.subarray(at.attributes))) {
    throw new RefusedError(ErrorCode.CORRUPT_MESSAGE, 'The checksum of the record batch is wrong.');
  }
  const batch = new RecordBatch(bytes);
  if (batch.recordCount < 1 || batch.recordCount !== bytes.readInt32BE(at.lastOffsetDelta) + 1) {
    throw new RefusedError(ErrorCode.INVALID_RECORD, 'The record count does not fit the offsets.');
  }
  if (batch.attributes & control) {
    throw new RefusedError(ErrorCode.INVALID_RECORD, 'Clients may not write control batches.');
  }
  if (batch.attributes & transactional) {
    throw new RefusedError(ErrorCode.INVALID_TXN_STATE, 'Transactions are not implemented.');
  }
  return batch;
}

function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * 0x1_0000_0000 + buffer.readUInt32BE(position + 4);
}

function writeInt64(buffer: Buffer, position: number, value: number): void {
  buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), position);
  buffer.writeUInt32BE(value >>> 0, position + 4);
}

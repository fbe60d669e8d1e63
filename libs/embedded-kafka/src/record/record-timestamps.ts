import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { RecordBatch } from './record-batch.js';

const compressionBits = 0x07;
const gzip = 1;
const unzip = promisify(gunzip);
/** A small batch can be made to unfold to gigabytes; beyond this it counts as one that cannot be opened. */
const maxUnzippedBytes = 64 * 1024 * 1024;

export interface TimedOffset {
  readonly offset: number;
  readonly timestamp: number;
}

/**
 * The first record of a batch that is not older than `timestamp`; undefined if all are older.
 *
 * A batch that cannot be opened, because it is compressed with something else than gzip or its records make no sense,
 * is answered for as a whole: with its first record, so that a reader who starts there misses nothing.
 */
export async function firstRecordSince(
  batch: RecordBatch,
  timestamp: number,
): Promise<TimedOffset | undefined> {
  if (batch.maxTimestamp < timestamp) return undefined;
  const codec = batch.attributes & compressionBits;
  const whole = { offset: batch.baseOffset, timestamp: batch.baseTimestamp };
  if (codec > gzip) return whole;
  const records =
    codec === gzip
      ? await unzip(batch.records, { maxOutputLength: maxUnzippedBytes }).catch(() => undefined)
      : batch.records;
  if (records === undefined) return whole;
  for (const record of timestamps(records, batch)) {
    if (record.timestamp >= timestamp) return record;
  }
  return undefined;
}

/** The youngest record of a batch. */
export async function youngestRecord(batch: RecordBatch): Promise<TimedOffset> {
  const found = await firstRecordSince(batch, batch.maxTimestamp);
  return found ?? { offset: batch.lastOffset, timestamp: batch.maxTimestamp };
}

function* timestamps(records: Buffer, batch: RecordBatch): Generator<TimedOffset> {
  let position = 0;

  function varint(): number {
    let value = 0n;
    for (let shift = 0n; position < records.length; shift += 7n) {
      const byte = records[position++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return Number((value >> 1n) ^ -(value & 1n));
  }

  for (let count = batch.recordCount; count > 0 && position < records.length; count--) {
    const length = varint();
    if (length <= 0) return;
    const start = position;
    position += 1;
    const timestamp = batch.baseTimestamp + varint();
    yield { offset: batch.baseOffset + varint(), timestamp };
    position = start + length;
  }
}

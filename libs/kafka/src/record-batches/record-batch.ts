import { ByteReader } from './byte-reader.js';
import { openRecords } from './compression.js';
import { crc32c } from './crc32c.js';
import type { FetchedMessage, BatchContext } from './fetched-message.js';
import { UnreadableBatchError } from './unreadable-batch.error.js';

/** Offset and length, which the broker writes, and which the length does not count. */
const PREFIX = 12;
const CRC_AT = 17;
const CRC_COVERS_FROM = 21;
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const MAGIC = 2;

/** Most bytes of a batch when it is opened. */
const LARGEST_OPENED = 32 * 1024 * 1024;
/** Most records that are read at once; the rest of their batch is fetched again from there on. */
const MOST_RECORDS = 10_000;

/** A batch's records from an offset on. */
export interface ReadBatch {
  readonly messages: readonly FetchedMessage[];
  /** How many bytes its records are when opened. */
  readonly openedBytes: number;
  /** Whether these are all of them. */
  readonly complete: boolean;
}

/**
 * Reads a batch of records, from an offset on, as a broker stores it. One that cannot be read is a single message with all
 * its bytes, at the batch's last offset, which says so; so is a single record within one that can.
 */
export async function readBatch(bytes: Buffer, from: bigint, end: bigint): Promise<ReadBatch> {
  try {
    const context = contextOf(bytes);
    const reader = new ByteReader(bytes);
    reader.take(21);
    const codec = reader.int16() & CODEC;
    reader.take(34);
    const count = reader.int32();
    const opened = await openRecords(codec, reader.take(reader.left), LARGEST_OPENED);
    const { messages, complete } = recordsOf(new ByteReader(opened), count, context, from);
    // Records may have been compacted away; what is left has to lead beyond the batch all the same.
    if (messages.length === 0) messages.push(placeholder(context));
    return { messages, openedBytes: opened.length, complete };
  } catch (error) {
    if (!(error instanceof UnreadableBatchError)) throw error;
    const message = unreadable(bytes, lastOffsetOf(bytes, from, end), error);
    return { messages: [message], openedBytes: bytes.length, complete: true };
  }
}

function contextOf(bytes: Buffer): BatchContext {
  const reader = new ByteReader(bytes);
  const firstOffset = reader.int64();
  reader.take(PREFIX - 8);
  const partitionLeaderEpoch = reader.int32();
  const magicByte = reader.int8();
  if (magicByte !== MAGIC) throw new UnreadableBatchError(`There are no batches of format ${magicByte}.`);
  const crc = reader.int32() >>> 0;
  if (crc !== crc32c(bytes.subarray(CRC_COVERS_FROM)))
    throw new UnreadableBatchError('Its checksum is wrong.');
  const attributes = reader.int16();
  const lastOffsetDelta = reader.int32();
  return {
    firstOffset: `${firstOffset}`,
    firstTimestamp: `${reader.int64()}`,
    partitionLeaderEpoch,
    inTransaction: (attributes & TRANSACTIONAL) > 0,
    isControlBatch: (attributes & CONTROL) > 0,
    lastOffsetDelta,
    maxTimestamp: `${reader.int64()}`,
    timestampType: (attributes & LOG_APPEND_TIME) > 0 ? 1 : 0,
    producerId: `${reader.int64()}`,
    producerEpoch: reader.int16(),
    firstSequence: reader.int32(),
    magicByte,
  };
}

function recordsOf(
  reader: ByteReader,
  count: number,
  context: BatchContext,
  from: bigint,
): { messages: FetchedMessage[]; complete: boolean } {
  if (count < 0) throw new UnreadableBatchError(`It says that it has ${count} records.`);
  const messages: FetchedMessage[] = [];
  let next = BigInt(context.firstOffset);
  for (let index = 0; index < count; index++) {
    if (messages.length === MOST_RECORDS) return { messages, complete: false };
    const message = recordOf(reader.take(reader.varint()), context, next);
    const offset = BigInt(message.offset);
    if (offset >= from) messages.push(message);
    next = offset + 1n;
  }
  if (reader.left > 0) throw new UnreadableBatchError(`${reader.left} bytes follow its last record.`);
  return { messages, complete: true };
}

/** Reads a record; of one that cannot be read not even the offset is certain, but that of the record before it. */
function recordOf(bytes: Buffer, context: BatchContext, next: bigint): FetchedMessage {
  const record = new ByteReader(bytes);
  let offset = next;
  try {
    const attributes = record.int8();
    const timestampDelta = record.varlong();
    offset = BigInt(context.firstOffset) + record.varlong();
    const created = BigInt.asIntN(64, BigInt(context.firstTimestamp) + timestampDelta);
    return {
      magicByte: context.magicByte,
      attributes,
      timestamp: context.timestampType === 1 ? context.maxTimestamp : `${created}`,
      offset: `${offset}`,
      key: record.varBytes(),
      value: record.varBytes(),
      headers: headersOf(record),
      isControlRecord: context.isControlBatch,
      batchContext: context,
    };
  } catch (error) {
    if (!(error instanceof UnreadableBatchError)) throw error;
    return unreadable(bytes, offset, error, context);
  }
}

/** A record's headers by name, whatever the names: an object without a prototype has no others. */
function headersOf(record: ByteReader): FetchedMessage['headers'] {
  const headers = Object.create(null) as FetchedMessage['headers'];
  for (let left = record.varint(); left > 0; left--) {
    const name = (record.varBytes() ?? Buffer.alloc(0)).toString();
    const value = record.varBytes();
    if (!(name in headers)) headers[name] = value;
    else {
      const before = headers[name] as Buffer | null | (Buffer | null)[];
      if (Array.isArray(before)) before.push(value);
      else headers[name] = [before, value];
    }
  }
  return headers;
}

/** Never delivered, as transaction markers are not; kafkajs goes on behind it. */
function placeholder(context: BatchContext): FetchedMessage {
  const offset = BigInt(context.firstOffset) + BigInt(context.lastOffsetDelta);
  return { ...unreadable(null, offset, undefined, context), isControlRecord: true };
}

function unreadable(
  value: Buffer | null,
  offset: bigint,
  error: UnreadableBatchError | undefined,
  batchContext?: BatchContext,
): FetchedMessage {
  return {
    magicByte: MAGIC,
    attributes: 0,
    timestamp: batchContext?.maxTimestamp ?? '0',
    offset: `${offset}`,
    key: null,
    value,
    headers: Object.create(null) as FetchedMessage['headers'],
    isControlRecord: false,
    batchContext: batchContext ?? {},
    ...(error && { unreadable: error }),
  };
}

/** The last offset of a batch whose header may be damaged: at least that which was asked for, and before the end. */
function lastOffsetOf(bytes: Buffer, from: bigint, end: bigint): bigint {
  const claimed =
    bytes.readBigInt64BE() + BigInt(Math.max(0, bytes.length >= 27 ? bytes.readInt32BE(23) : 0));
  const latest = claimed < end ? claimed : end - 1n;
  return latest > from ? latest : from;
}

/** The length of the batch at the beginning of the bytes; undefined when the bytes end before it does. */
export function lengthOfBatch(bytes: Buffer): number | undefined {
  if (bytes.length < CRC_AT) return undefined;
  const length = PREFIX + bytes.readInt32BE(8);
  return length > bytes.length ? undefined : Math.max(length, CRC_AT);
}

import { crc32c } from '../src/record/crc32c.js';

export interface BatchOptions {
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly timestamp?: number;
  readonly attributes?: number;
}

const headerBytes = 61;

/** A record batch of format 2 as a producer would send it: uncompressed, with values only. */
export function encodeBatch(values: readonly string[], options: BatchOptions = {}): Buffer {
  const timestamp = BigInt(options.timestamp ?? 0);
  const header = Buffer.alloc(headerBytes);
  const records = Buffer.concat(values.map((value, index) => encodeRecord(Buffer.from(value), index)));
  const batch = Buffer.concat([header, records]);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt8(2, 16);
  batch.writeInt16BE(options.attributes ?? 0, 21);
  batch.writeInt32BE(values.length - 1, 23);
  batch.writeBigInt64BE(timestamp, 27);
  batch.writeBigInt64BE(timestamp, 35);
  batch.writeBigInt64BE(BigInt(options.producerId ?? -1), 43);
  batch.writeInt16BE(options.producerEpoch ?? (options.producerId === undefined ? -1 : 0), 51);
  batch.writeInt32BE(options.baseSequence ?? -1, 53);
  batch.writeInt32BE(values.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

/** The values in what a Fetch has returned: whole batches as {@link encodeBatch} makes them, one after the other. */
export function decodeBatches(bytes: Buffer): { offset: number; value: string }[] {
  const found: { offset: number; value: string }[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = start + 12 + bytes.readInt32BE(start + 8);
    const baseOffset = Number(bytes.readBigInt64BE(start));
    let position = start + headerBytes;
    while (position < end) {
      const [length, bodyStart] = readVarint(bytes, position);
      const [, afterTime] = readVarint(bytes, bodyStart + 1);
      const [offsetDelta, afterOffset] = readVarint(bytes, afterTime);
      const [, afterKey] = readVarint(bytes, afterOffset);
      const [valueLength, valueStart] = readVarint(bytes, afterKey);
      found.push({
        offset: baseOffset + offsetDelta,
        value: bytes.toString('utf8', valueStart, valueStart + valueLength),
      });
      position = bodyStart + length;
    }
    start = end;
  }
  return found;
}

function encodeRecord(value: Buffer, offsetDelta: number): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(0),
    varint(offsetDelta),
    varint(-1),
    varint(value.length),
    value,
    varint(0),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function readVarint(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  let position = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[position++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [(value >>> 1) ^ -(value & 1), position];
  }
}

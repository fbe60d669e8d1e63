import { BoundedOutput } from './bounded-output.js';
import { ByteReader } from './byte-reader.js';
import { UnreadableBatchError } from './unreadable-batch.error.js';

const MAGIC = 0x184d2204;
/** Frames to be passed over have one of 16 magic numbers. */
const SKIPPABLE = 0x184d2a5;

/** Opens frames of LZ4. Their checksums are not looked at: the batch has one. */
export function openLz4(compressed: Buffer, limit: number): Buffer {
  const reader = new ByteReader(compressed);
  const output = new BoundedOutput(limit);
  while (reader.left > 0) {
    const magic = uint32(reader);
    if (magic === MAGIC) openFrame(reader, output);
    else if (magic >>> 4 === SKIPPABLE) reader.take(uint32(reader));
    else throw new UnreadableBatchError('This is no frame of LZ4.');
  }
  return output.bytes;
}

function openFrame(reader: ByteReader, output: BoundedOutput): void {
  const flags = reader.int8();
  const has = (bit: number): boolean => ((flags >> bit) & 1) === 1;
  // The largest block, the length of the content, the id of a dictionary, the checksum of the header.
  reader.take(1 + (has(3) ? 8 : 0) + (has(0) ? 4 : 0) + 1);
  for (let size = uint32(reader); size !== 0; size = uint32(reader)) {
    const block = reader.take(size & 0x7fffffff);
    if (size >>> 31 === 1) output.append(block);
    else openBlock(new ByteReader(block), output);
    if (has(4)) reader.take(4);
  }
  if (has(2)) reader.take(4);
}

function openBlock(reader: ByteReader, output: BoundedOutput): void {
  while (reader.left > 0) {
    const token = reader.int8() & 0xff;
    output.append(reader.take(lengthOf(token >> 4, reader)));
    // The last sequence has literals only.
    if (reader.left === 0) return;
    const distance = reader.take(2).readUInt16LE();
    output.repeat(distance, lengthOf(token & 15, reader) + 4);
  }
}

/** Lengths from 15 on go on in further bytes, up to the first that is not 255. */
function lengthOf(begun: number, reader: ByteReader): number {
  let length = begun;
  for (let byte = begun === 15 ? 255 : 0; byte === 255; length += byte) byte = reader.int8() & 0xff;
  return length;
}

const uint32 = (reader: ByteReader): number => reader.take(4).readUInt32LE();

import { BoundedOutput } from './bounded-output.js';
import { ByteReader } from './byte-reader.js';

/** How snappy-java, which Java's producers use, marks a sequence of blocks; others write one block and no mark. */
const BLOCKS = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The mark, its version, and the oldest version that can read it. */
const BLOCKS_HEADER = 16;

/** Opens Snappy, with or without the framing of snappy-java. */
export function openSnappy(compressed: Buffer, limit: number): Buffer {
  const output = new BoundedOutput(limit);
  if (!compressed.subarray(0, BLOCKS.length).equals(BLOCKS)) {
    openBlock(new ByteReader(compressed), output);
    return output.bytes;
  }
  const reader = new ByteReader(compressed);
  reader.take(BLOCKS_HEADER);
  while (reader.left > 0) openBlock(new ByteReader(reader.take(reader.int32())), output);
  return output.bytes;
}

function openBlock(reader: ByteReader, output: BoundedOutput): void {
  // The length of what follows: the output grows by itself.
  while ((reader.int8() & 0x80) !== 0);
  while (reader.left > 0) {
    const tag = reader.int8() & 0xff;
    switch (tag & 3) {
      case 0:
        output.append(reader.take(literalLength(tag >> 2, reader)));
        break;
      case 1:
        output.repeat(((tag >> 5) << 8) | (reader.int8() & 0xff), ((tag >> 2) & 7) + 4);
        break;
      case 2:
        output.repeat(littleEndian(reader, 2), (tag >> 2) + 1);
        break;
      default:
        output.repeat(littleEndian(reader, 4), (tag >> 2) + 1);
    }
  }
}

/** Lengths from 61 on follow in one to four bytes. */
const literalLength = (length: number, reader: ByteReader): number =>
  length < 60 ? length + 1 : littleEndian(reader, length - 59) + 1;

function littleEndian(reader: ByteReader, size: number): number {
  return reader.take(size).readUIntLE(0, size);
}

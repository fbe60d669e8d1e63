/** The simplest frames of the formats, in which bytes are stored as they are: any decoder reads them. */

/** https://github.com/google/snappy/blob/main/format_description.txt: the length, then one literal. */
export function snappyBlock(bytes: Buffer): Buffer {
  // A tag of 61 << 2 is followed by the length less one in two bytes.
  const literal = Buffer.from([61 << 2, (bytes.length - 1) & 0xff, (bytes.length - 1) >> 8]);
  return Buffer.concat([varint(bytes.length), literal, bytes]);
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md: independent blocks of at most 64 KiB, no checksums. */
export function lz4Frame(bytes: Buffer): Buffer {
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
  const isStored = 0x80000000;
  return Buffer.concat([header, uint32(isStored + bytes.length), bytes, uint32(0)]);
}

/** RFC 8878: a single segment with a content size of four bytes, and one raw block, the last. */
export function zstdFrame(bytes: Buffer): Buffer {
  const header = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), uint32(bytes.length)]);
  return Buffer.concat([header, uint32((bytes.length << 3) | 1).subarray(0, 3), bytes]);
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...bytes, left]);
    bytes.push((left & 0x7f) | 0x80);
  }
}

/** Castagnoli polynomial, bit-reversed. */
const polynomial = 0x82f63b78;
const bytesPerStep = 8;

/** `tables[n][byte]` is the effect of a byte that is followed by n more in the same step ("slicing by eight"). */
const tables = buildTables();

function buildTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    first[byte] = crc;
  }
  const all = [first];
  while (all.length < bytesPerStep) {
    const previous = all.at(-1)!;
    all.push(previous.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!));
  }
  return all;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];

/** CRC-32C (Castagnoli) of a buffer, as record batches carry it; unsigned. */
export function crc32c(buffer: Buffer): number {
  let crc = ~0;
  let at = 0;
  const wholeSteps = buffer.length - (buffer.length % bytesPerStep);
  while (at < wholeSteps) {
    crc =
      t7[(buffer[at]! ^ crc) & 0xff]! ^
      t6[(buffer[at + 1]! ^ (crc >>> 8)) & 0xff]! ^
      t5[(buffer[at + 2]! ^ (crc >>> 16)) & 0xff]! ^
      t4[buffer[at + 3]! ^ (crc >>> 24)]! ^
      t3[buffer[at + 4]!]! ^
      t2[buffer[at + 5]!]! ^
      t1[buffer[at + 6]!]! ^
      t0[buffer[at + 7]!]!;
    at += bytesPerStep;
  }
  while (at < buffer.length) crc = (crc >>> 8) ^ t0[(crc ^ buffer[at++]!) & 0xff]!;
  return ~crc >>> 0;
}

import { UnreadableBatchError } from './unreadable-batch.error.js';

/** Most bytes of a number of variable length. */
const VARINT_BYTES = 10;
/** Bytes of a number of variable length that a double holds exactly. */
const EXACT_BYTES = 7;

/** Reads Kafka's primitive types one after the other; never beyond the end. */
export class ByteReader {
  offset = 0;

  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.offset;
  }

  int8(): number {
    return this.bytes.readInt8(this.#advance(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#advance(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.#advance(8));
  }

  string(): string {
    return this.take(this.int16()).toString();
  }

  /** The next bytes, not copied. */
  take(length: number): Buffer {
    if (length < 0) throw new UnreadableBatchError(`A length is ${length}.`);
    const start = this.#advance(length);
    return this.bytes.subarray(start, start + length);
  }

  varint(): number {
    return Number(this.varlong());
  }

  varlong(): bigint {
    let value = 0;
    let factor = 1;
    for (let count = 1; count <= EXACT_BYTES; count++) {
      const byte = this.bytes[this.#advance(1)] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return BigInt(value % 2 === 0 ? value / 2 : -(value + 1) / 2);
      factor *= 0x80;
    }
    let long = BigInt(value);
    for (let count = EXACT_BYTES; count < VARINT_BYTES; count++) {
      const byte = this.bytes[this.#advance(1)] as number;
      long |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return BigInt.asIntN(64, (long >> 1n) ^ -(long & 1n));
    }
    throw new UnreadableBatchError(`A number has more than ${VARINT_BYTES} bytes.`);
  }

  /** Bytes after their length, which is negative for none at all. */
  varBytes(): Buffer | null {
    const length = this.varint();
    return length < 0 ? null : this.take(length);
  }

  #advance(length: number): number {
    const start = this.offset;
    if (length > this.left) throw new UnreadableBatchError(`${length - this.left} bytes are missing.`);
    this.offset += length;
    return start;
  }
}

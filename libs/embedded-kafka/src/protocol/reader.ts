import { MalformedMessageError } from './errors.js';

/**
 * Reads Kafka's primitive types from one frame, in order. Buffers it returns are views of the frame, not copies.
 *
 * Every method throws {@link MalformedMessageError} when the frame ends early or a length makes no sense.
 * 64-bit integers are returned as numbers and lose precision beyond 2^53.
 */
export class Reader {
  private position = 0;

  constructor(private readonly frame: Buffer) {}

  get remaining(): number {
    return this.frame.length - this.position;
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  int8(): number {
    return this.frame.readInt8(this.advance(1));
  }

  int16(): number {
    return this.frame.readInt16BE(this.advance(2));
  }

  int32(): number {
    return this.frame.readInt32BE(this.advance(4));
  }

  int64(): number {
    const at = this.advance(8);
    return this.frame.readInt32BE(at) * 0x1_0000_0000 + this.frame.readUInt32BE(at + 4);
  }

  unsignedVarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.frame.readUInt8(this.advance(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new MalformedMessageError('a varint is longer than five bytes');
  }

  /** A length as written before strings, bytes and arrays; -1 stands for null. */
  length16(): number {
    return this.checkedLength(this.int16());
  }

  length32(): number {
    return this.checkedLength(this.int32());
  }

  compactLength(): number {
    return this.checkedLength(this.unsignedVarint() - 1);
  }

  text(length: number): string {
    const at = this.advance(length);
    return this.frame.toString('utf8', at, at + length);
  }

  bytes(length: number): Buffer {
    const at = this.advance(length);
    return this.frame.subarray(at, at + length);
  }

  uuid(): string {
    const hex = this.bytes(16).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  /** Skips the tagged fields that end every structure of a flexible version: none that clients send is needed here. */
  skipTaggedFields(): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      this.unsignedVarint();
      this.advance(this.unsignedVarint());
    }
  }

  /** Every element takes at least one byte, so a longer length is a lie that must not reserve memory. */
  private checkedLength(length: number): number {
    if (length < -1 || length > this.remaining) {
      throw new MalformedMessageError(`a length of ${length} with ${this.remaining} bytes left`);
    }
    return length;
  }

  private advance(bytes: number): number {
    const at = this.position;
    if (at + bytes > this.frame.length) {
      throw new MalformedMessageError(`${bytes} bytes wanted, ${this.remaining} left`);
    }
    this.position = at + bytes;
    return at;
  }
}

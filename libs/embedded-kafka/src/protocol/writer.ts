/** Buffers at least this long are passed on as they are; shorter ones are cheaper to copy than to send apart. */
const spliceFrom = 4096;

/**
 * Writes Kafka's primitive types. Small values are gathered in one growing buffer; long byte sequences (record
 * batches) are spliced between without a copy, which is why {@link finish} returns several buffers.
 */
export class Writer {
  private readonly finished: Buffer[] = [];
  private finishedBytes = 0;
  private current: Buffer;
  private position = 0;

  constructor(expectedBytes = 256) {
    this.current = Buffer.allocUnsafe(expectedBytes);
  }

  get length(): number {
    return this.finishedBytes + this.position;
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  int8(value: number): void {
    const at = this.reserve(1);
    this.current.writeInt8(value, at);
  }

  int16(value: number): void {
    const at = this.reserve(2);
    this.current.writeInt16BE(value, at);
  }

  int32(value: number): void {
    const at = this.reserve(4);
    this.current.writeInt32BE(value, at);
  }

  /** Writes what {@link Reader.int64} has read; values beyond 2^53 come back as the nearest that a number can hold. */
  int64(value: number): void {
    const at = this.reserve(8);
    if (Number.isSafeInteger(value)) {
      this.current.writeInt32BE(Math.floor(value / 0x1_0000_0000), at);
      this.current.writeUInt32BE(value >>> 0, at + 4);
    } else {
      const limit = 2n ** 63n;
      const exact = BigInt(value);
      this.current.writeBigInt64BE(exact >= limit ? limit - 1n : exact < -limit ? -limit : exact, at);
    }
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  text(value: string, length: number): void {
    const at = this.reserve(length);
    this.current.write(value, at, length, 'utf8');
  }

  bytes(value: Buffer): void {
    if (value.length < spliceFrom) {
      const at = this.reserve(value.length);
      value.copy(this.current, at);
      return;
    }
    this.seal();
    this.finished.push(value);
    this.finishedBytes += value.length;
  }

  uuid(value: string): void {
    const at = this.reserve(16);
    this.current.write(value.replaceAll('-', ''), at, 16, 'hex');
  }

  noTaggedFields(): void {
    this.unsignedVarint(0);
  }

  /** Overwrites four bytes near the start, for a length that is known only at the end. */
  patchInt32(at: number, value: number): void {
    (this.finished[0] ?? this.current).writeInt32BE(value, at);
  }

  finish(): Buffer[] {
    this.seal();
    return this.finished;
  }

  private byte(value: number): void {
    const at = this.reserve(1);
    this.current[at] = value;
  }

  private seal(): void {
    if (this.position === 0) return;
    this.finished.push(this.current.subarray(0, this.position));
    this.finishedBytes += this.position;
    this.current = this.current.subarray(this.position);
    this.position = 0;
  }

  /** Makes room, perhaps in another buffer: read `current` only after it. */
  private reserve(bytes: number): number {
    const at = this.position;
    if (at + bytes > this.current.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * this.current.length, at + bytes, 256));
      this.current.copy(grown, 0, 0, at);
      this.current = grown;
    }
    this.position = at + bytes;
    return at;
  }
}

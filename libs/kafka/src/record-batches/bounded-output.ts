import { UnreadableBatchError } from './unreadable-batch.error.js';

/** What is opened, byte by byte; never more than the limit. */
export class BoundedOutput {
  #bytes = Buffer.allocUnsafe(16 * 1024);
  #length = 0;

  constructor(private readonly limit: number) {}

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  append(source: Buffer): void {
    this.#reserve(source.length);
    source.copy(this.#bytes, this.#length);
    this.#length += source.length;
  }

  /** Appends bytes that are there already; they may overlap with what is appended. */
  repeat(distance: number, count: number): void {
    if (distance < 1 || distance > this.#length)
      throw new UnreadableBatchError('Compressed data points before its own beginning.');
    this.#reserve(count);
    const start = this.#length - distance;
    // What was copied can be copied with the rest: a short pattern is long after a few rounds.
    for (let copied = 0; copied < count;) {
      const size = Math.min(count - copied, distance + copied);
      this.#bytes.copyWithin(this.#length + copied, start, start + size);
      copied += size;
    }
    this.#length += count;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.limit) throw new UnreadableBatchError(`Opened, it is larger than ${this.limit} bytes.`);
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.limit, Math.max(needed, 2 * this.#bytes.length)));
    this.bytes.copy(larger);
    this.#bytes = larger;
  }
}

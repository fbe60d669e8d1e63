import type { RequestSample } from './request-samples.js';
import { Writer } from '../src/protocol/writer.js';

/** A random number generator that gives the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Makes frames that are wrong in every way: mutated requests, random bodies behind good headers, noise. */
export class FrameMutator {
  constructor(
    private readonly samples: readonly RequestSample[],
    private readonly random: () => number,
  ) {}

  /** The next frame, with its length in front. */
  next(): Buffer {
    const kind = this.random();
    if (kind < 0.7) return framed(this.mutate(this.encode()));
    if (kind < 0.9) return framed(Buffer.concat([this.encode().subarray(0, 8), this.noise(200)]));
    if (kind < 0.97) return framed(this.noise(100));
    return this.noise(50);
  }

  private encode(): Buffer {
    const { api, request } = this.pick(this.samples);
    const version = api.minVersion + this.below(api.maxVersion - api.minVersion + 1);
    const writer = new Writer();
    writer.int16(api.key);
    writer.int16(version);
    writer.int32(this.below(2 ** 31));
    writer.int16(-1);
    if (api.isFlexible(version)) writer.noTaggedFields();
    api.writeRequest(version, writer, request);
    return Buffer.concat(writer.finish());
  }

  private mutate(frame: Buffer): Buffer {
    let mutated = Buffer.from(frame);
    for (let count = 1 + this.below(4); count > 0; count--) {
      const at = this.below(mutated.length || 1);
      const mutation = this.pick(['flip', 'extreme', 'cut', 'insert', 'repeat'] as const);
      if (mutation === 'flip' && mutated.length > 0) mutated[at]! ^= 1 << this.below(8);
      if (mutation === 'extreme' && mutated.length >= at + 4) {
        mutated.writeInt32BE(this.pick([-1, 0, 1, 2 ** 31 - 1, -(2 ** 31), 0x7fff]), at);
      }
      if (mutation === 'cut') mutated = mutated.subarray(0, at);
      if (mutation === 'insert') {
        mutated = Buffer.concat([mutated.subarray(0, at), this.noise(20), mutated.subarray(at)]);
      }
      if (mutation === 'repeat') mutated = Buffer.concat([mutated, mutated.subarray(at)]);
    }
    return mutated;
  }

  private noise(maxBytes: number): Buffer {
    return Buffer.from(Array.from({ length: this.below(maxBytes) }, () => this.below(256)));
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}

function framed(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(content.length);
  return Buffer.concat([length, content]);
}

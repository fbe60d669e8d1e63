/** Entries nearer than this are not kept: walking the batches between two entries costs one read. */
const spacingBytes = 64 * 1024;
/** Exact places where readers stopped, because that is where they go on. */
const rememberedReaders = 8;

/** A batch with this offset starts at this position. */
export interface Place {
  readonly offset: number;
  readonly position: number;
}

/**
 * Where in a segment some of its batches start. It is learned while the segment is written and read, so nothing has to
 * be stored or loaded, and it takes about 16 bytes per 64 KiB of what was touched.
 */
export class SparseIndex {
  private readonly offsets: number[];
  private readonly positions: number[];
  private readonly stops: Place[] = [];
  private nextStop = 0;

  constructor(baseOffset: number) {
    this.offsets = [baseOffset];
    this.positions = [0];
  }

  /** A batch with this offset starts at this position. */
  learn(offset: number, position: number): void {
    const before = this.indexBefore(offset);
    if (position - this.positions[before]! < spacingBytes) return;
    const after = this.positions[before + 1];
    if (after !== undefined && after - position < spacingBytes) return;
    this.offsets.splice(before + 1, 0, offset);
    this.positions.splice(before + 1, 0, position);
  }

  /** A reader stopped here and will probably ask for this offset next. */
  rememberStop(offset: number, position: number): void {
    this.stops[this.nextStop] = { offset, position };
    this.nextStop = (this.nextStop + 1) % rememberedReaders;
  }

  /** The last known batch that starts at or before an offset. */
  placeBefore(offset: number): Place {
    const stop = this.stops.find((place) => place.offset === offset);
    if (stop !== undefined) return stop;
    const index = this.indexBefore(offset);
    return { offset: this.offsets[index]!, position: this.positions[index]! };
  }

  private indexBefore(offset: number): number {
    let low = 0;
    let high = this.offsets.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.offsets[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

import type { RecordBatch } from '../record/record-batch.js';

/**
 * The youngest batches of a partition, kept in memory: first those that are also in a segment ("written"), then those
 * that are only in the journal yet. Readers that keep up never touch a file.
 */
export class RecentBatches {
  private readonly batches: RecordBatch[] = [];
  private writtenCount = 0;

  /** Offset of the first batch; Infinity if there is none. */
  get firstOffset(): number {
    return this.batches[0]?.baseOffset ?? Infinity;
  }

  get bytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  }

  push(batch: RecordBatch): void {
    this.batches.push(batch);
  }

  /** Batches from the one that contains `offset` on, below `limit`: as many as fit into `maxBytes`, at least one. */
  read(offset: number, limit: number, maxBytes: number): Buffer[] {
    const buffers: Buffer[] = [];
    let bytes = 0;
    for (let index = this.indexOf(offset); index < this.batches.length; index++) {
      const batch = this.batches[index]!;
      bytes += batch.bytes.length;
      if (batch.nextOffset > limit || (bytes > maxBytes && buffers.length > 0)) break;
      buffers.push(batch.bytes);
    }
    return buffers;
  }

  /** The batch that contains an offset. */
  at(offset: number): RecordBatch | undefined {
    return this.batches[this.indexOf(offset)];
  }

  since(timestamp: number, limit: number): RecordBatch | undefined {
    const found = this.batches.find((batch) => batch.maxTimestamp >= timestamp);
    return found !== undefined && found.nextOffset <= limit ? found : undefined;
  }

  youngest(limit: number): RecordBatch | undefined {
    let youngest: RecordBatch | undefined;
    for (const batch of this.batches) {
      if (batch.nextOffset > limit) break;
      if (youngest === undefined || batch.maxTimestamp > youngest.maxTimestamp) youngest = batch;
    }
    return youngest;
  }

  /** The next batches to write to a segment: those below `limit`, up to `maxBytes`, but at least one. */
  unwritten(limit: number, maxBytes: number): RecordBatch[] {
    const found: RecordBatch[] = [];
    let bytes = 0;
    for (let index = this.writtenCount; index < this.batches.length; index++) {
      const batch = this.batches[index]!;
      bytes += batch.bytes.length;
      if (batch.nextOffset > limit || (bytes > maxBytes && found.length > 0)) break;
      found.push(batch);
    }
    return found;
  }

  markWritten(count: number): void {
    this.writtenCount += count;
  }

  /** Drops the oldest batch if it is in a segment; returns its size, or 0 if nothing can be dropped. */
  evictOldest(): number {
    if (this.writtenCount === 0) return 0;
    this.writtenCount--;
    return this.batches.shift()!.bytes.length;
  }

  /** Drops the batches at and after an offset, none of which is in a segment. */
  truncate(offset: number): void {
    while (this.batches.length > 0 && this.batches.at(-1)!.nextOffset > offset) this.batches.pop();
  }

  private indexOf(offset: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.batches[middle]!.nextOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

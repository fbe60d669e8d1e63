import { constants } from 'node:fs';
import { mkdir, open, rm, stat, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  batchHeaderBytes,
  batchLengthAt,
  maxTimestampAt,
  nextOffsetAt,
  RecordBatch,
} from '../record/record-batch.js';
import { isMissing, readAt, writeAt } from '../storage/files.js';
import { StorageError } from '../storage/storage-error.js';
import { SparseIndex } from './sparse-index.js';

const walkBytes = 256 * 1024;

/** What must be remembered of a segment to find it again as it was. */
export interface SegmentSnapshot {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: number;
  readonly maxTimestamp: number;
  readonly createdAt: number;
}

/** One file of a partition: record batches one after the other, as producers sent them. */
export class Segment {
  private size = 0;
  private end: number;
  private youngest = -1;
  private readonly index: SparseIndex;
  private unsynced = false;

  constructor(
    private readonly folder: string,
    readonly baseOffset: number,
    readonly createdAt: number,
  ) {
    this.end = baseOffset;
    this.index = new SparseIndex(baseOffset);
  }

  static fileName(baseOffset: number): string {
    return `${String(baseOffset).padStart(20, '0')}.log`;
  }

  /**
   * A segment as it was; bytes that were written later are cut off, for they are in the journal too.
   *
   * @returns undefined if the file is gone
   * @throws StorageError if the file has lost bytes
   */
  static async restore(folder: string, snapshot: SegmentSnapshot): Promise<Segment | undefined> {
    const segment = new Segment(folder, snapshot.baseOffset, snapshot.createdAt);
    let size: number;
    try {
      ({ size } = await stat(segment.path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    if (size < snapshot.bytes) {
      throw new StorageError(`${segment.path} is damaged: ${size} of ${snapshot.bytes} bytes are left`);
    }
    if (size > snapshot.bytes) await truncate(segment.path, snapshot.bytes);
    segment.size = snapshot.bytes;
    segment.end = snapshot.nextOffset;
    segment.youngest = snapshot.maxTimestamp;
    return segment;
  }

  get nextOffset(): number {
    return this.end;
  }

  get bytes(): number {
    return this.size;
  }

  /** Of its youngest record; -1 while it has none. */
  get maxTimestamp(): number {
    return this.youngest;
  }

  snapshot(): SegmentSnapshot {
    return {
      baseOffset: this.baseOffset,
      nextOffset: this.end,
      bytes: this.size,
      maxTimestamp: this.youngest,
      createdAt: this.createdAt,
    };
  }

  /** Appends batches; they are on disk only after {@link sync}. After an error the segment is as it was. */
  async write(batches: readonly RecordBatch[]): Promise<void> {
    if (this.size === 0) await mkdir(this.folder, { recursive: true });
    const file = await open(this.path, constants.O_WRONLY | constants.O_CREAT);
    try {
      await writeAt(
        file,
        this.size,
        batches.map((batch) => batch.bytes),
      );
    } finally {
      await file.close();
    }
    this.unsynced = true;
    for (const batch of batches) {
      this.index.learn(batch.baseOffset, this.size);
      this.size += batch.bytes.length;
      this.youngest = Math.max(this.youngest, batch.maxTimestamp);
      this.end = batch.nextOffset;
    }
  }

  async sync(): Promise<void> {
    if (!this.unsynced) return;
    const file = await open(this.path, 'r+');
    this.unsynced = false;
    try {
      await file.datasync();
    } catch (error) {
      this.unsynced = true;
      throw error;
    } finally {
      await file.close();
    }
  }

  /**
   * Whole batches from the one that contains `offset` on: as many as fit into `maxBytes`, but at least one.
   * Empty if the file has been removed meanwhile.
   *
   * @throws StorageError when the file cannot be read or makes no sense
   */
  async read(offset: number, maxBytes: number): Promise<Buffer> {
    return this.withFile(async (file) => {
      const position = await this.locate(file, offset);
      const limit = this.size - position;
      let chunk = await readAt(file, position, Math.min(Math.max(maxBytes, batchHeaderBytes), limit));
      const first = batchLengthAt(chunk, 0) ?? 0;
      if (first > chunk.length) chunk = await readAt(file, position, Math.min(first, limit));
      let end = 0;
      let nextOffset = offset;
      for (let length: number | undefined = first; length !== undefined && length > 0;) {
        if (end + length > chunk.length) break;
        nextOffset = nextOffsetAt(chunk, end);
        end += length;
        length = batchLengthAt(chunk, end);
      }
      this.index.rememberStop(nextOffset, position + end);
      return chunk.subarray(0, end);
    });
  }

  /** The first batch with a record that is not older than `timestamp`. */
  async batchSince(timestamp: number): Promise<RecordBatch | undefined> {
    if (this.youngest < timestamp) return undefined;
    const bytes = await this.withFile(async (file) => {
      const position = await this.walk(file, 0, (chunk, at) => maxTimestampAt(chunk, at) >= timestamp);
      const header = await readAt(file, position, batchHeaderBytes);
      return readAt(file, position, batchLengthAt(header, 0) ?? 0);
    });
    return bytes.length < batchHeaderBytes ? undefined : new RecordBatch(bytes);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
  }

  private get path(): string {
    return join(this.folder, Segment.fileName(this.baseOffset));
  }

  private async withFile(work: (file: FileHandle) => Promise<Buffer>): Promise<Buffer> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.path, 'r');
      return await work(file);
    } catch (error) {
      if (isMissing(error)) return Buffer.alloc(0);
      throw error instanceof StorageError ? error : new StorageError(`${this.path} cannot be read`, error);
    } finally {
      await file?.close();
    }
  }

  private async locate(file: FileHandle, offset: number): Promise<number> {
    const place = this.index.placeBefore(offset);
    if (place.offset === offset) return place.position;
    return this.walk(file, place.position, (chunk, at) => nextOffsetAt(chunk, at) > offset);
  }

  /** Goes from batch to batch until `found` says so, and returns that batch's position, or the end of the segment. */
  private async walk(
    file: FileHandle,
    from: number,
    found: (chunk: Buffer, at: number) => boolean,
  ): Promise<number> {
    let position = from;
    let chunk: Buffer = Buffer.alloc(0);
    let chunkStart = from;
    while (position < this.size) {
      if (position + batchHeaderBytes > chunkStart + chunk.length) {
        chunkStart = position;
        chunk = await readAt(file, position, Math.min(walkBytes, this.size - position));
      }
      const at = position - chunkStart;
      const length = batchLengthAt(chunk, at);
      if (length === undefined || length < batchHeaderBytes || chunk.length - at < batchHeaderBytes) {
        throw new StorageError(`${this.path} is damaged at byte ${position}`);
      }
      if (found(chunk, at)) return position;
      position += length;
      this.index.learn(nextOffsetAt(chunk, at), position);
    }
    return position;
  }
}

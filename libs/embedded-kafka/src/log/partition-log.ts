import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import { RecordBatch } from '../record/record-batch.js';
import { firstRecordSince, youngestRecord, type TimedOffset } from '../record/record-timestamps.js';
import { isMissing, syncFolder } from '../storage/files.js';
import type { Storage } from '../storage/storage.js';
import type { BufferedLog, LogMemory } from './log-memory.js';
import { ProducerSequences, type ProducerSnapshot } from './producer-sequences.js';
import { RecentBatches } from './recent-batches.js';
import { expiredSegments, type RetentionLimits } from './retention.js';
import { Segment, type SegmentSnapshot } from './segment.js';

const writeChunkBytes = 1024 * 1024;
/** Producers that were idle for a day are forgotten, as in Kafka. */
const producerExpiryMs = 24 * 60 * 60 * 1000;

/** How a log is cut into segments and how long these are kept. */
export interface LogLimits extends RetentionLimits {
  readonly segmentBytes: number;
  readonly segmentMs: number;
}

export interface LogSnapshot {
  readonly startOffset: number;
  readonly nextOffset: number;
  readonly segments: readonly SegmentSnapshot[];
  readonly producers: readonly ProducerSnapshot[];
}

export interface Appended {
  readonly baseOffset: number;
  /** Settles when the batch is durable and readable; rejects with a StorageError when it is not in the log. */
  readonly durable: Promise<void>;
}

/**
 * The log of one partition. A batch is appended at once, becomes durable and readable ("below the high watermark") with
 * the journal's next group commit, and is written to a segment later; until then it is read from memory.
 */
export class PartitionLog implements BufferedLog {
  limits: LogLimits;
  private start = 0;
  private end = 0;
  private durableEnd = 0;
  private segments: Segment[] = [];
  private readonly recent = new RecentBatches();
  private readonly producers = new ProducerSequences();
  private readonly watchers = new Set<() => void>();
  private lastAppend: Promise<void> = Promise.resolve();
  /** Offset after the last batch that is in a segment. */
  private writtenEnd = 0;
  private persisted: Omit<LogSnapshot, 'producers'> = { startOffset: 0, nextOffset: 0, segments: [] };
  private folderChanged = false;
  /** All work on the files is done one after the other. */
  private fileWork: Promise<unknown> = Promise.resolve();
  private removed = false;

  constructor(
    /** What names the log in the journal. */
    private readonly key: Buffer,
    private readonly folder: string,
    limits: LogLimits,
    private readonly storage: Storage,
    private readonly memory: LogMemory,
  ) {
    this.limits = limits;
  }

  /** Offset of the oldest record that can be read. */
  get startOffset(): number {
    return this.start;
  }

  /** Offset after the youngest record that is durable: no reader gets further. */
  get highWatermark(): number {
    return this.durableEnd;
  }

  get isRemoved(): boolean {
    return this.removed;
  }

  /** Of all segments; what is only in the journal yet does not count. */
  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /**
   * Appends a batch, which gets the next offset. A batch that an idempotent producer sends again is not appended again:
   * the answer is the offset it has.
   *
   * @throws RefusedError when the producer's sequence does not fit
   * @throws StorageError while the disk takes nothing
   */
  append(batch: RecordBatch, now: number): Appended {
    if (this.memory.failure !== undefined) throw this.memory.failure;
    const earlier = this.producers.check(batch);
    if (earlier !== undefined) return { baseOffset: earlier, durable: this.lastAppend };
    const baseOffset = this.end;
    batch.place(baseOffset);
    this.take(batch, now);
    this.lastAppend = this.storage.appendBatch([this.key, batch.bytes], (error) => {
      if (error === undefined) this.settle(batch);
      else this.abort();
    });
    return { baseOffset, durable: this.lastAppend };
  }

  /** Takes a batch from the journal unless a segment has it already. */
  recover(batch: RecordBatch): void {
    if (batch.nextOffset <= this.end) return;
    this.take(batch, Date.now());
    this.settle(batch);
  }

  /**
   * Durable batches from the one that contains `offset` on: as many as fit into `maxBytes`, but at least one if there
   * is any. Answers at once when the batches are in memory.
   *
   * @throws RefusedError OFFSET_OUT_OF_RANGE outside of what the log has
   */
  read(offset: number, maxBytes: number): Buffer[] | Promise<Buffer[]> {
    if (offset < this.start || offset > this.durableEnd) {
      throw new RefusedError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `Offset ${offset} is not within ${this.start} to ${this.durableEnd}.`,
      );
    }
    if (offset === this.durableEnd) return [];
    if (offset >= this.recent.firstOffset) return this.recent.read(offset, this.durableEnd, maxBytes);
    const segment = this.segments.findLast((candidate) => candidate.baseOffset <= offset);
    if (segment === undefined) return [];
    return segment.read(offset, maxBytes).then((buffer) => [buffer]);
  }

  /** Bytes that a read would find, without reading from a file: exact in memory, `maxBytes` for older data. */
  readableBytes(offset: number, maxBytes: number): number {
    if (offset < this.start || offset >= this.durableEnd) return 0;
    if (offset < this.recent.firstOffset) return maxBytes;
    const buffers = this.recent.read(offset, this.durableEnd, maxBytes);
    return buffers.reduce((sum, buffer) => sum + buffer.length, 0);
  }

  /** Calls `watcher` whenever more can be read, and when the log is removed, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The first record that is not older than `timestamp`; undefined if all are older. */
  async offsetSince(timestamp: number): Promise<TimedOffset | undefined> {
    for (const segment of this.segments) {
      if (segment.nextOffset <= this.start) continue;
      const batch = await segment.batchSince(timestamp);
      const found = batch && (await firstRecordSince(batch, timestamp));
      if (found !== undefined) {
        return found.offset < this.start ? { ...found, offset: this.start } : found;
      }
    }
    const batch = this.recent.since(timestamp, this.durableEnd);
    return batch && firstRecordSince(batch, timestamp);
  }

  /** The record with the largest timestamp; undefined in an empty log. */
  async youngest(): Promise<TimedOffset | undefined> {
    const recent = this.recent.youngest(this.durableEnd);
    const segment = this.segments.toSorted((a, b) => b.maxTimestamp - a.maxTimestamp)[0];
    if (
      segment === undefined ||
      segment.bytes === 0 ||
      segment.maxTimestamp <= (recent?.maxTimestamp ?? -1)
    ) {
      return recent && youngestRecord(recent);
    }
    const batch = await segment.batchSince(segment.maxTimestamp);
    return batch && youngestRecord(batch);
  }

  /** Records before `offset` are gone from now on. Segments that have nothing else are deleted. */
  moveStart(offset: number): void {
    this.start = Math.max(this.start, Math.min(offset, this.durableEnd));
  }

  /** Deletes the segments that are over a limit of age or size, or lie before the start. Returns their number. */
  applyRetention(now: number): Promise<number> {
    return this.inTurn(async () => {
      await this.writeSegments();
      this.producers.expire(now - producerExpiryMs);
      const expired = expiredSegments(this.segments, this.limits, this.start, now);
      for (const segment of expired) {
        this.segments = this.segments.filter((kept) => kept !== segment);
        this.start = Math.max(this.start, segment.nextOffset);
        await segment.remove();
      }
      return expired.length;
    });
  }

  /** Writes to segments what is durable in the journal and was not written yet. */
  write(): Promise<void> {
    return this.inTurn(() => this.writeSegments());
  }

  evictOldest(): number {
    return this.recent.evictOldest();
  }

  /** Writes all that is durable to segments and flushes these, so that the journal is not needed for it any more. */
  persist(): Promise<void> {
    return this.inTurn(async () => {
      if (this.removed) return;
      await this.writeSegments();
      for (const segment of this.segments) await segment.sync();
      if (this.folderChanged) {
        for (const folder of [this.folder, dirname(this.folder), dirname(dirname(this.folder))]) {
          await syncFolder(folder);
        }
        this.folderChanged = false;
      }
      this.persisted = {
        startOffset: this.start,
        nextOffset: this.writtenEnd,
        segments: this.segments.map((segment) => segment.snapshot()),
      };
    });
  }

  /** The log as of the last {@link persist}. */
  snapshot(): LogSnapshot {
    return { ...this.persisted, producers: this.producers.snapshot(this.persisted.nextOffset) };
  }

  /** Brings the log to where the snapshot was; whatever else is in its folder goes. */
  async restore(snapshot: LogSnapshot): Promise<void> {
    const restored = await Promise.all(
      snapshot.segments.map((segment) => Segment.restore(this.folder, segment)),
    );
    this.segments = restored.filter((segment) => segment !== undefined);
    this.start = Math.max(snapshot.startOffset, this.segments[0]?.baseOffset ?? snapshot.nextOffset);
    this.end = this.durableEnd = this.writtenEnd = snapshot.nextOffset;
    this.producers.restore(snapshot.producers);
    this.persisted = { ...snapshot, segments: this.segments.map((segment) => segment.snapshot()) };
    const known = new Set(this.segments.map((segment) => Segment.fileName(segment.baseOffset)));
    for (const name of await listFolder(this.folder)) {
      if (!known.has(name)) await rm(join(this.folder, name), { force: true });
    }
  }

  /** Ends the log, which takes and gives nothing more. Its files may be deleted when the promise has resolved. */
  async remove(): Promise<void> {
    this.removed = true;
    this.memory.remove(this, this.recent.bytes);
    this.wakeWatchers();
    await this.fileWork;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.fileWork.then(work);
    this.fileWork = turn.catch(() => undefined);
    return turn;
  }

  private async writeSegments(): Promise<void> {
    while (!this.removed) {
      const next = this.recent.unwritten(this.durableEnd, 1)[0];
      if (next === undefined) return;
      const segment = this.segmentFor(next);
      const room = Math.min(writeChunkBytes, this.limits.segmentBytes - segment.bytes);
      const batches = this.recent.unwritten(this.durableEnd, room);
      await segment.write(batches);
      this.recent.markWritten(batches.length);
      this.writtenEnd = segment.nextOffset;
    }
  }

  private take(batch: RecordBatch, now: number): void {
    this.end = batch.nextOffset;
    this.recent.push(batch);
    this.producers.record(batch, this.durableEnd, now);
  }

  private settle(batch: RecordBatch): void {
    if (this.removed) return;
    this.durableEnd = batch.nextOffset;
    this.memory.add(this, batch.bytes.length);
    this.wakeWatchers();
  }

  /** Nothing after the high watermark got onto the disk. */
  private abort(): void {
    this.end = this.durableEnd;
    this.recent.truncate(this.durableEnd);
    this.producers.truncate(this.durableEnd);
  }

  private wakeWatchers(): void {
    for (const watcher of this.watchers) watcher();
  }

  /** The segment that a batch goes into: the last one, or a new one if that is full or old. */
  private segmentFor(batch: RecordBatch): Segment {
    const last = this.segments.at(-1);
    const now = Date.now();
    if (
      last !== undefined &&
      last.bytes + batch.bytes.length <= this.limits.segmentBytes &&
      now - last.createdAt < this.limits.segmentMs
    ) {
      return last;
    }
    const segment = new Segment(this.folder, batch.baseOffset, now);
    this.segments.push(segment);
    this.folderChanged = true;
    return segment;
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

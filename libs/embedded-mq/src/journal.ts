import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncate,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  truncateSync,
  writev,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';

/** Bytes that every record leaves free at its start, for its length and checksum. */
export const RECORD_HEADER = 8;
const SEGMENT_HEADER = 16;
const SEGMENT_MAGIC = 'OBMQJRN1';
const SEGMENT_NAME = /^journal-(\d{8})$/;

const writevAsync = promisify(writev);
const fdatasyncAsync = promisify(fdatasync);
const ftruncateAsync = promisify(ftruncate);

export interface JournalOptions {
  /** A segment that has grown to this many bytes is followed by a new one. */
  segmentBytes: number;
  /** Records that nobody waits for are written once they amount to this many bytes. */
  bufferBytes: number;
  /** Called before each write, with the bytes to write; what it throws fails the write. For tests. */
  beforeWrite?: (bytes: number) => void;
}

/** Told once about each record: that it is written (and on the disk, if asked for), or that it could not be. */
export type Settled = (error: Error | null, segment: number, offset: number) => void;

interface Entry {
  record: Buffer;
  sync: boolean;
  settled: Settled;
}

/** A record other than the last ones of the last segment is damaged: the disk has lost data. */
export class JournalDamaged extends Error {}

/**
 * An append-only log in numbered segment files.
 *
 * Records are written in the order of append(), in batches: all that has gathered while the last batch was
 * under way is one write and, if any of them asks for it, one fdatasync. Either all of a batch is kept or,
 * when the write fails, none of it. After a failed fdatasync nobody knows what is on the disk: the journal
 * then refuses everything until it is opened anew.
 */
export class Journal {
  private entries: Entry[] = [];
  private entryBytes = 0;
  /** Whether a batch is being written or a segment begun; `running` then resolves when that ends. */
  private active = false;
  private running: Promise<void> = Promise.resolve();
  private scheduled = false;
  private wanted = false;
  private broken: Error | undefined;
  private file: number;
  private position = SEGMENT_HEADER;
  private readonly readers = new Map<number, number>();
  /** The last segment, which is being written. */
  segment: number;
  /** Bytes written and syncs done since the journal was opened. */
  readonly written = { bytes: 0, batches: 0, syncs: 0 };

  private constructor(
    private readonly folder: string,
    private readonly options: JournalOptions,
    segment: number,
  ) {
    this.segment = segment;
    this.file = this.create(segment);
  }

  /**
   * Replays what is there, then continues in a new segment.
   *
   * @param firstSegment where the replay starts; earlier segments are kept and can be read
   * @param replay receives each intact record in order; a torn end of the last segment is left out
   */
  static open(
    folder: string,
    options: JournalOptions,
    firstSegment: number,
    replay: (record: Buffer, segment: number, offset: number) => void,
  ): Journal {
    const segments = segmentsIn(folder);
    for (const segment of segments) {
      if (segment >= firstSegment) replaySegment(folder, segment, segment === segments.at(-1), replay);
    }
    return new Journal(folder, options, Math.max(segments.at(-1) ?? 0, firstSegment - 1) + 1);
  }

  private path(segment: number): string {
    return segmentPath(this.folder, segment);
  }

  /** Written together with the first batch, so that creating a segment needs no space. */
  private pendingHeader: Buffer | undefined;

  private create(segment: number): number {
    const file = openSync(this.path(segment), 'wx+');
    const header = Buffer.alloc(SEGMENT_HEADER);
    header.write(SEGMENT_MAGIC, 0, 'latin1');
    header.writeUInt32LE(segment, 8);
    this.pendingHeader = header;
    this.position = 0;
    syncFolder(this.folder);
    return file;
  }

  /**
   * Adds a record, whose first RECORD_HEADER bytes are free for the journal's use. It must not change
   * until `settled` is called.
   *
   * @param sync whether `settled` waits until the record, and so all before it, is on the disk
   */
  append(record: Buffer, sync: boolean, settled: Settled): void {
    record.writeUInt32LE(record.length - RECORD_HEADER, 0);
    record.writeUInt32LE(crc32(record.subarray(RECORD_HEADER)), 4);
    this.entries.push({ record, sync, settled });
    this.entryBytes += record.length;
    if (sync || this.entryBytes >= this.options.bufferBytes) this.flush();
  }

  /** Starts writing what has been appended, together with what else arrives in this turn of the event loop. */
  flush(): void {
    this.wanted = true;
    if (this.scheduled || this.active) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.active) this.running = this.exclusively(() => this.writeAll());
    });
  }

  /** `active` ends in the same turn as the task, so that no append() falls between the two. */
  private async exclusively(task: () => Promise<void>): Promise<void> {
    this.active = true;
    await task();
    this.active = false;
    if (this.wanted && this.entries.length > 0) this.flush();
  }

  /** Writes batches until nobody waits any more. */
  private async writeAll(): Promise<void> {
    while (this.wanted && this.entries.length > 0) {
      this.wanted = false;
      const batch = this.entries;
      this.entries = [];
      this.entryBytes = 0;
      const error = await this.writeAndSettle(batch);
      if (!error && this.position >= this.options.segmentBytes) await this.roll();
    }
  }

  private async writeAndSettle(batch: Entry[]): Promise<Error | null> {
    const start = this.position;
    const error = await this.writeBatch(batch);
    let offset = Math.max(start, SEGMENT_HEADER);
    for (const entry of batch) {
      entry.settled(error, this.segment, offset);
      offset += entry.record.length;
    }
    return error;
  }

  private async writeBatch(batch: Entry[]): Promise<Error | null> {
    if (this.broken) return this.broken;
    const start = this.position;
    const buffers = batch.map((entry) => entry.record);
    if (this.pendingHeader) buffers.unshift(this.pendingHeader);
    try {
      await this.write(buffers);
    } catch (error) {
      await this.undo(start, error as Error);
      return error as Error;
    }
    this.pendingHeader = undefined;
    this.written.batches++;
    this.written.bytes += this.position - start;
    if (!batch.some((entry) => entry.sync)) return null;
    try {
      await fdatasyncAsync(this.file);
      this.written.syncs++;
      return null;
    } catch (error) {
      this.broken = error as Error;
      return this.broken;
    }
  }

  private async write(buffers: Buffer[]): Promise<void> {
    this.options.beforeWrite?.(buffers.reduce((sum, buffer) => sum + buffer.length, 0));
    let rest = buffers;
    while (rest.length > 0) {
      const { bytesWritten } = await writevAsync(this.file, rest, this.position);
      this.position += bytesWritten;
      rest = without(rest, bytesWritten);
    }
  }

  /** Takes back a batch of which a part may have been written. */
  private async undo(start: number, cause: Error): Promise<void> {
    this.position = start;
    try {
      await ftruncateAsync(this.file, start);
      await fdatasyncAsync(this.file);
    } catch {
      this.broken = cause;
    }
  }

  private async roll(): Promise<void> {
    if (this.position === 0) return; // nothing is in this segment yet
    try {
      await fdatasyncAsync(this.file);
      const previous = this.file;
      const file = this.create(this.segment + 1);
      this.readers.set(this.segment, previous);
      this.file = file;
      this.segment++;
    } catch (error) {
      this.broken = error as Error;
    }
  }

  /** Ends the current segment; resolves to the number of the next, in which all later records will be. */
  async startSegment(): Promise<number> {
    while (this.active) await this.running;
    this.running = this.exclusively(() => this.roll());
    await this.running;
    if (this.broken) throw this.broken;
    return this.segment;
  }

  /** The record at a place that `settled` or the replay has told. */
  read(segment: number, offset: number, length: number): Buffer {
    const record = Buffer.allocUnsafe(length);
    const file = segment === this.segment ? this.file : this.reader(segment);
    let read = 0;
    while (read < length) {
      const count = readSync(file, record, read, length - read, offset + read);
      if (count === 0) throw new JournalDamaged(`${this.path(segment)} ends before ${offset + length}`);
      read += count;
    }
    return record;
  }

  private reader(segment: number): number {
    let file = this.readers.get(segment);
    if (file === undefined) {
      file = openSync(this.path(segment), 'r');
      this.readers.set(segment, file);
    }
    return file;
  }

  /** All segments but the one being written. */
  closedSegments(): number[] {
    return segmentsIn(this.folder).filter((segment) => segment !== this.segment);
  }

  remove(segment: number): void {
    const file = this.readers.get(segment);
    if (file !== undefined) closeSync(file);
    this.readers.delete(segment);
    rmSync(this.path(segment));
  }

  /** Writes and syncs what was appended, and closes the files. */
  async close(): Promise<void> {
    while (this.active || this.scheduled) {
      await (this.active ? this.running : new Promise<void>((resolve) => setImmediate(resolve)));
    }
    const batch = this.entries;
    this.entries = [];
    if (batch.length > 0) {
      batch.at(-1)!.sync = true;
      await this.writeAndSettle(batch);
    }
    for (const file of this.readers.values()) closeSync(file);
    this.readers.clear();
    await promisify(close)(this.file);
  }
}

function segmentPath(folder: string, segment: number): string {
  return join(folder, `journal-${String(segment).padStart(8, '0')}`);
}

function segmentsIn(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

/** Makes the creation or renaming of files in a folder durable. */
export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What is left of `buffers` after their first `bytes` bytes. */
function without(buffers: Buffer[], bytes: number): Buffer[] {
  let skipped = 0;
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i]!;
    if (skipped + buffer.length > bytes) return [buffer.subarray(bytes - skipped), ...buffers.slice(i + 1)];
    skipped += buffer.length;
  }
  return [];
}

const READ_CHUNK = 1024 * 1024;

/** Reads a file front to back through a buffer that grows with the longest record. */
class SequentialReader {
  private buffer = Buffer.alloc(0);
  private filePosition = 0;
  private start = 0;
  private readonly size: number;

  constructor(private readonly file: number) {
    this.size = fstatSync(file).size;
  }

  /** The next `length` bytes without moving on, or undefined at the end of the file. */
  peek(length: number): Buffer | undefined {
    const unread = this.buffer.length - this.start + this.size - this.filePosition;
    if (length > unread) return undefined; // a torn length may say anything
    while (this.buffer.length - this.start < length) {
      const chunk = Buffer.allocUnsafe(Math.max(READ_CHUNK, length));
      const count = readSync(this.file, chunk, 0, chunk.length, this.filePosition);
      if (count === 0) return undefined;
      this.filePosition += count;
      this.buffer = Buffer.concat([this.buffer.subarray(this.start), chunk.subarray(0, count)]);
      this.start = 0;
    }
    return this.buffer.subarray(this.start, this.start + length);
  }

  skip(length: number): void {
    this.start += length;
  }
}

/** Hands on the intact records of a segment, and cuts a torn end off the last one. */
function replaySegment(
  folder: string,
  segment: number,
  last: boolean,
  replay: (record: Buffer, segment: number, offset: number) => void,
): void {
  const path = segmentPath(folder, segment);
  const file = openSync(path, 'r');
  let offset = 0;
  let complete = false;
  try {
    const reader = new SequentialReader(file);
    const header = reader.peek(SEGMENT_HEADER);
    if (header?.toString('latin1', 0, SEGMENT_MAGIC.length) === SEGMENT_MAGIC) {
      let length = SEGMENT_HEADER;
      while (length > 0) {
        reader.skip(length);
        offset += length;
        length = replayOne(reader, replay, segment, offset);
      }
      complete = reader.peek(1) === undefined;
    }
  } finally {
    closeSync(file);
  }
  if (complete) return;
  if (!last) throw new JournalDamaged(`${path} is damaged at byte ${offset}`);
  if (offset === 0) {
    rmSync(path);
  } else {
    truncateSync(path, offset);
  }
}

/** The length of the record that was replayed, or 0 when no intact one follows. */
function replayOne(
  reader: SequentialReader,
  replay: (record: Buffer, segment: number, offset: number) => void,
  segment: number,
  offset: number,
): number {
  const record = intactRecord(reader);
  if (record) replay(record, segment, offset);
  return record?.length ?? 0;
}

function intactRecord(reader: SequentialReader): Buffer | undefined {
  const header = reader.peek(RECORD_HEADER);
  if (!header) return undefined;
  const length = header.readUInt32LE(0);
  const checksum = header.readUInt32LE(4);
  if (length === 0) return undefined;
  const record = reader.peek(RECORD_HEADER + length);
  return record && crc32(record.subarray(RECORD_HEADER)) === checksum ? record : undefined;
}

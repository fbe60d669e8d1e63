import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfPresent, writeAt } from './files.js';
import { decodeFrame, encodeFrame, entryBytes, type Frame, type FrameEntry } from './journal-frame.js';
import { StorageError } from './storage-error.js';

/** Something to make durable. */
export interface JournalEntry extends FrameEntry {
  /**
   * Called once: when the entry is on disk, or with the error that kept it from getting there. The entries of the
   * journal are settled in the order in which they were appended; after an error all that were waiting fail too.
   */
  settled(error?: StorageError): void;
}

interface Group {
  readonly entries: JournalEntry[];
  bytes: number;
  readonly durable: Promise<void>;
  resolve(): void;
  reject(error: StorageError): void;
}

const fileNames = ['journal-0', 'journal-1'] as const;
const maxGroupBytes = 8 * 1024 * 1024;
const zeros = Buffer.alloc(1024 * 1024);

/** Linux writes and flushes in one call; elsewhere a flush follows the write. */
const writeThrough = constants.O_DSYNC as number | undefined;

/**
 * The write-ahead journal: everything that is acknowledged, of all partitions and groups, goes first into one of two
 * files, with one flush for all that is waiting (group commit). One flush of an already allocated file costs a third of
 * what flushing three partition files costs, and the number of flushes does not grow with the number of partitions.
 *
 * The files take turns. A generation is one use of a file; it is needed until a checkpoint covers it.
 */
export class Journal {
  private position = 0;
  private sequence = 0;
  private readonly waiting: Group[] = [];
  private writing: Promise<void> | undefined;
  private scheduled = false;

  private constructor(
    private readonly files: readonly [FileHandle, FileHandle],
    /** Bytes after which a generation should end. */
    private readonly limit: number,
    private generationNumber: number,
    /** Called after every write while the generation is full. */
    private readonly onFull: () => void,
  ) {}

  /** The frames that were durable when the journal was last used, from a generation on, oldest first. */
  static async *read(folder: string, fromGeneration: number): AsyncGenerator<Frame> {
    const files = await Promise.all(fileNames.map((name) => readIfPresent(join(folder, name))));
    const starts = files
      .filter((file) => file !== undefined)
      .map((file) => ({ file, first: decodeFrame(file, 0) }))
      .filter(({ first }) => first !== undefined && first.generation >= fromGeneration)
      .toSorted((a, b) => a.first!.generation - b.first!.generation);
    let expected = starts[0]?.first?.sequence;
    for (const { file, first } of starts) {
      if (first!.sequence !== expected) {
        throw new StorageError(`The journal in ${folder} is damaged: frame ${expected} is missing`);
      }
      let frame = first;
      while (frame?.generation === first!.generation && frame.sequence === expected) {
        yield frame;
        expected++;
        frame = decodeFrame(file, frame.end);
      }
    }
  }

  /** Opens the journal for writing, at the start of a new generation; earlier ones must be covered by a checkpoint. */
  static async open(
    folder: string,
    options: { limit: number; generation: number; onFull: () => void },
  ): Promise<Journal> {
    const paths = fileNames.map((name) => join(folder, name));
    for (const path of paths) await allocate(path, options.limit);
    const flags = constants.O_RDWR | (writeThrough ?? 0);
    const files = await Promise.all(paths.map((path) => open(path, flags)));
    return new Journal(files as [FileHandle, FileHandle], options.limit, options.generation, options.onFull);
  }

  get generation(): number {
    return this.generationNumber;
  }

  /** How often it was forced to disk since it was opened. */
  get syncs(): number {
    return this.sequence;
  }

  /** The generation has reached its limit. It goes on until a new one is started. */
  get isFull(): boolean {
    return this.position >= this.limit;
  }

  /**
   * Hands an entry to the next group commit. The promise is shared by the whole group and settles after every entry's
   * `settled`; its rejection is always a {@link StorageError} and may be ignored.
   */
  append(entry: JournalEntry): Promise<void> {
    const bytes = entryBytes(entry);
    let group = this.waiting.at(-1);
    if (group === undefined || group.bytes + bytes > maxGroupBytes) {
      group = newGroup();
      this.waiting.push(group);
    }
    group.entries.push(entry);
    group.bytes += bytes;
    this.schedule();
    return group.durable;
  }

  /**
   * From here on the other file is written. Resolves when nothing more is being written to the old one.
   * The other file must be covered by a checkpoint.
   */
  async startGeneration(): Promise<void> {
    this.generationNumber++;
    this.position = 0;
    await this.writing;
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    while (this.waiting.length > 0 || this.writing !== undefined) {
      if (this.writing === undefined) this.startWriting();
      await this.writing;
    }
  }

  async close(): Promise<void> {
    await this.drain();
    await Promise.all(this.files.map((file) => file.close()));
  }

  /** Waits for the end of the event loop's turn, so that all requests that arrived together share one flush. */
  private schedule(): void {
    if (this.scheduled || this.writing !== undefined) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.startWriting();
    });
  }

  private startWriting(): void {
    if (this.writing !== undefined) return;
    const group = this.waiting.shift();
    if (group === undefined) return;
    this.writing = this.write(group).finally(() => {
      this.writing = undefined;
      if (this.waiting.length > 0) this.schedule();
    });
  }

  private async write(group: Group): Promise<void> {
    const file = this.files[this.generationNumber % 2]!;
    const generation = this.generationNumber;
    const start = this.position;
    const pieces = encodeFrame(generation, this.sequence, group.entries);
    const end = start + pieces.reduce((sum, piece) => sum + piece.length, 0);
    try {
      await writeAt(file, start, pieces);
      if (writeThrough === undefined) await file.datasync();
    } catch (error) {
      this.fail(group, new StorageError('The journal cannot be written', error));
      return;
    }
    this.sequence++;
    if (generation === this.generationNumber) this.position = end;
    for (const entry of group.entries) entry.settled();
    group.resolve();
    if (this.isFull) this.onFull();
  }

  /** What waits was placed behind what failed, so it fails with it. The place on disk is used again. */
  private fail(group: Group, error: StorageError): void {
    for (const failed of [group, ...this.waiting.splice(0)]) {
      for (const entry of failed.entries) entry.settled(error);
      failed.reject(error);
    }
  }
}

function newGroup(): Group {
  const { promise, resolve, reject } = deferred();
  promise.catch(() => undefined);
  return { entries: [], bytes: 0, durable: promise, resolve, reject };
}

function deferred() {
  let resolve!: () => void;
  let reject!: (error: StorageError) => void;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

/** Fills the file with zeros, so that later flushes need not change its size. */
async function allocate(path: string, bytes: number): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT);
  try {
    const { size } = await file.stat();
    if (size >= bytes) return;
    for (let position = size; position < bytes; position += zeros.length) {
      await writeAt(file, position, [zeros.subarray(0, Math.min(zeros.length, bytes - position))]);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

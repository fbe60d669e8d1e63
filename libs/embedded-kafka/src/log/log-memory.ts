import { StorageError } from '../storage/storage-error.js';

/** Written when this much is only in the journal, or after this time: large writes for many small batches. */
const writeAtBytes = 4 * 1024 * 1024;
const writeAfterMs = 1000;
const retryAfterMs = 500;

/** A log that keeps batches in memory. */
export interface BufferedLog {
  /** Writes what is only in the journal to a segment. */
  write(): Promise<void>;
  /** Drops the oldest batch that is in a segment; returns its bytes, 0 if there is none. */
  evictOldest(): number;
}

/**
 * Bounds the memory of all logs together: writes batches to their segments soon after they are in the journal and then
 * keeps no more than `keepBytes` of them, those of the longest unused logs going first.
 */
export class LogMemory {
  private readonly unwritten = new Set<BufferedLog>();
  private unwrittenBytes = 0;
  /** Least recently appended first. */
  private readonly users = new Set<BufferedLog>();
  private keptBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  private lastFailure: StorageError | undefined;

  constructor(
    private readonly keepBytes: number,
    private readonly log: (line: string) => void,
  ) {}

  /** Set while segments cannot be written. Nothing must be appended then, or memory would grow without a bound. */
  get failure(): StorageError | undefined {
    return this.lastFailure;
  }

  /** A batch of this log is in the journal and in memory. */
  add(user: BufferedLog, bytes: number): void {
    this.unwritten.add(user);
    this.unwrittenBytes += bytes;
    this.keptBytes += bytes;
    this.users.delete(user);
    this.users.add(user);
    if (this.unwrittenBytes >= writeAtBytes && this.lastFailure === undefined) this.startWriting();
    else this.timer ??= setTimeout(() => this.startWriting(), writeAfterMs);
  }

  /** The log is gone, with the `bytes` it had in memory. */
  remove(user: BufferedLog, bytes: number): void {
    this.unwritten.delete(user);
    this.users.delete(user);
    this.keptBytes -= bytes;
  }

  /** Keeps nothing that is in a segment. After recovery, batches are views of the whole journal. */
  forgetWritten(): void {
    this.evict(0);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private startWriting(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
      if (this.unwritten.size > 0) this.timer ??= setTimeout(() => this.startWriting(), writeAfterMs);
    });
  }

  private async write(): Promise<void> {
    const logs = [...this.unwritten];
    this.unwritten.clear();
    this.unwrittenBytes = 0;
    try {
      while (logs.length > 0) {
        await logs[0]!.write();
        logs.shift();
      }
    } catch (error) {
      for (const log of logs) this.unwritten.add(log);
      this.fail(new StorageError('Segments cannot be written', error));
      return;
    }
    if (this.lastFailure !== undefined) this.log('Segments can be written again.');
    this.lastFailure = undefined;
    this.evict(this.keepBytes);
  }

  private fail(error: StorageError): void {
    if (this.lastFailure === undefined) {
      this.log(`Nothing is accepted until this is over: ${error.message}`);
    }
    this.lastFailure = error;
    this.timer ??= setTimeout(() => this.startWriting(), retryAfterMs);
  }

  private evict(keepBytes: number): void {
    for (const user of this.users) {
      while (this.keptBytes > keepBytes) {
        const bytes = user.evictOldest();
        if (bytes === 0) break;
        this.keptBytes -= bytes;
      }
      if (this.keptBytes <= keepBytes) return;
    }
  }
}

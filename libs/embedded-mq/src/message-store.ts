import { type CheckpointRow, CheckpointWriter, readCheckpoint } from './checkpoint.js';
import { Journal, type JournalOptions } from './journal.js';
import { Field, hashId } from './message-descriptor.js';
import { MessageIndex, State } from './message-index.js';
import {
  backoutFields,
  backoutRecord,
  commitFields,
  commitRecord,
  messageOf,
  putFields,
  putRecord,
  RecordType,
  recordType,
  relocatedRecord,
} from './message-record.js';
import { Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';

export interface StoreOptions extends JournalOptions {
  /** Messages are kept in memory up to this many bytes in all; the others are read from the journal. */
  cacheBytes: number;
  /** Journal bytes after which the next checkpoint is written. */
  checkpointBytes: number;
}

export interface NewMessage {
  queue: number;
  persistent: boolean;
  priority: number;
  /** ms since the epoch, 0 for never */
  expiry: number;
  descriptor: Buffer;
  properties: Buffer;
  data: Buffer;
}

const CHECKPOINT_CHUNK = 4096;

/**
 * All messages of all queues: the index in memory, the records in the journal, and a small cache.
 *
 * Non-persistent messages do not survive a restart; they go to the journal only when the cache is full.
 */
export class MessageStore {
  readonly index = new MessageIndex();
  private journal!: Journal;
  private readonly cache = new Map<number, Buffer>();
  private cachedBytes = 0;
  private readonly liveBytes = new Map<number, number>();
  private nextSequence = 1;
  private replayFrom = 1;
  private checkpointing: Promise<void> | undefined;
  private checkpointedBytes = 0;
  private closing = false;
  private writesFail = false;
  /** Rows put in a unit of work that is not committed, and the unit of work's identifier. */
  private readonly uncommitted = new Map<number, number>();

  private constructor(
    private readonly folder: string,
    private readonly options: StoreOptions,
    private readonly report: (problem: string) => void,
  ) {}

  /**
   * Recovers what a folder holds. The rows of the messages found, in the order of their MQPUT, are
   * AVAILABLE but not linked to any queue.
   *
   * @param report is told of problems that fail no verb, such as a checkpoint that could not be written
   */
  static open(
    folder: string,
    options: StoreOptions,
    report: (problem: string) => void,
  ): { store: MessageStore; rows: Int32Array } {
    const store = new MessageStore(folder, options, report);
    return { store, rows: store.recover() };
  }

  // ---- recovery ----

  private recover(): Int32Array {
    const recovery = new Recovery(this.index);
    const { replayFrom, nextSequence } = readCheckpoint(this.folder, (row) => recovery.checkpointed(row));
    this.replayFrom = replayFrom;
    this.journal = Journal.open(this.folder, this.options, replayFrom, (record, segment, offset) =>
      recovery.replay(record, segment, offset),
    );
    this.nextSequence = Math.max(nextSequence, recovery.lastSequence + 1);
    const rows = recovery.finish();
    for (const row of rows) this.countLive(this.index.segment[row]!, this.index.length[row]!);
    return rows;
  }

  // ---- messages ----

  /** An identifier that orders messages and names units of work; never used twice. */
  newSequence(): number {
    return this.nextSequence++;
  }

  /**
   * Stores a message; its row is UNCOMMITTED.
   *
   * @param unitOfWork 0 when the message is put outside syncpoint
   * @param settled called when a persistent message is written (in a unit of work) or on the disk
   *   (outside), or could not be; never called for a non-persistent one
   */
  put(message: NewMessage, unitOfWork: number, settled: (error: Error | null) => void): number {
    const { index } = this;
    const row = index.allocate();
    const sequence = this.newSequence();
    index.sequence[row] = sequence;
    index.queue[row] = message.queue;
    index.priority[row] = message.priority;
    index.persistent[row] = message.persistent ? 1 : 0;
    index.expiry[row] = message.expiry;
    index.messageId[row] = hashId(message.descriptor, Field.MsgId);
    index.correlationId[row] = hashId(message.descriptor, Field.CorrelId);
    index.state[row] = State.UNCOMMITTED;
    const record = putRecord(
      { ...message, sequence, unitOfWork, backoutCount: 0 },
      message.descriptor,
      message.properties,
      message.data,
    );
    index.length[row] = record.length;
    this.cache.set(row, record);
    this.cachedBytes += record.length;
    if (unitOfWork !== 0) this.uncommitted.set(row, unitOfWork);
    if (message.persistent) {
      this.journal.append(record, unitOfWork === 0, (error, segment, offset) => {
        if (!error) this.located(row, sequence, segment, offset);
        this.noteWrite(error);
        settled(error);
      });
    } else if (this.cachedBytes > this.options.cacheBytes) {
      this.journal.append(record, false, (error, segment, offset) => {
        if (!error) this.located(row, sequence, segment, offset);
      });
    }
    return row;
  }

  /** Reports the first write that fails, and the first that works again. */
  private noteWrite(error: Error | null): void {
    const failing = error !== null;
    if (failing === this.writesFail) return;
    this.writesFail = failing;
    this.report(error ? `messages cannot be written: ${error.message}` : 'messages can be written again');
  }

  /** Notes where a record is, now that it is written; drops it from a cache that is full. */
  private located(row: number, sequence: number, segment: number, offset: number): void {
    const { index } = this;
    if (index.state[row] === State.FREE || index.sequence[row] !== sequence) return;
    const earlier = index.segment[row]!;
    if (earlier !== 0) this.countLive(earlier, -index.length[row]!);
    index.segment[row] = segment;
    index.offset[row] = offset;
    this.countLive(segment, index.length[row]!);
    if (this.cachedBytes > this.options.cacheBytes) this.uncache(row);
    this.checkpointIfDue();
  }

  private uncache(row: number): void {
    const record = this.cache.get(row);
    if (!record) return;
    this.cache.delete(row);
    this.cachedBytes -= record.length;
  }

  private countLive(segment: number, bytes: number): void {
    this.liveBytes.set(segment, (this.liveBytes.get(segment) ?? 0) + bytes);
  }

  private record(row: number): Buffer {
    const { index } = this;
    return (
      this.cache.get(row) ?? this.journal.read(index.segment[row]!, index.offset[row]!, index.length[row]!)
    );
  }

  /**
   * Descriptor, properties and data as they were put: views, not to be changed.
   *
   * @throws MqiError when the disk does not give the message back (2101)
   */
  message(row: number): { descriptor: Buffer; properties: Buffer; data: Buffer } {
    try {
      return messageOf(this.record(row));
    } catch (error) {
      this.report(`a message cannot be read: ${(error as Error).message}`);
      throw new MqiError(Reason.OBJECT_DAMAGED);
    }
  }

  /** Forgets a message that is gone; its row may be another's at once. */
  release(row: number): void {
    const { index } = this;
    this.uncache(row);
    this.uncommitted.delete(row);
    if (index.segment[row] !== 0) this.countLive(index.segment[row]!, -index.length[row]!);
    index.release(row);
  }

  /** A message of a unit of work is committed: it no longer belongs to it. */
  committed(row: number): void {
    this.uncommitted.delete(row);
  }

  /**
   * Writes the end of a unit of work, or a removal outside one (`unitOfWork` 0), to the disk.
   *
   * @param removed rows of persistent messages
   */
  commit(unitOfWork: number, removed: readonly number[], settled: (error: Error | null) => void): void {
    const sequences = removed.map((row) => this.index.sequence[row]!);
    this.journal.append(commitRecord(unitOfWork, sequences), true, (error) => {
      this.noteWrite(error);
      settled(error);
      this.checkpointIfDue();
    });
  }

  /** Notes that expired messages are gone. If that is lost in a crash, they expire again. */
  expired(row: number): void {
    this.journal.append(commitRecord(0, [this.index.sequence[row]!]), false, () => {});
  }

  /**
   * Counts a backout of each message.
   *
   * @param counted called once the counts survive a crash of this process
   */
  backedOut(rows: readonly number[], counted: () => void): void {
    const { index } = this;
    for (const row of rows) index.backoutCount[row]!++;
    const persistent = rows.filter((row) => index.persistent[row] === 1);
    if (persistent.length === 0) {
      counted();
      return;
    }
    const counts = persistent.map((row) => [index.sequence[row]!, index.backoutCount[row]!] as const);
    // A count that cannot be written is lost in a crash, the message is not.
    this.journal.append(backoutRecord(counts), false, counted);
    this.journal.flush();
  }

  // ---- checkpoints ----

  private checkpointIfDue(): void {
    if (this.checkpointing || this.closing) return;
    const due = Math.max(this.options.checkpointBytes, this.index.count * 128);
    if (this.journal.written.bytes - this.checkpointedBytes < due) return;
    this.checkpointing = this.checkpoint()
      .catch((error: unknown) => this.report(`no checkpoint could be written: ${(error as Error).message}`))
      .finally(() => {
        this.checkpointing = undefined;
      });
  }

  /** Writes a checkpoint, then gives back the journal segments that nothing needs any more. */
  private async checkpoint(): Promise<void> {
    this.checkpointedBytes = this.journal.written.bytes;
    const replayFrom = await this.journal.startSegment();
    const nextSequence = this.nextSequence;
    const writer = new CheckpointWriter(this.folder);
    try {
      writer.add([...this.uncommitted].flatMap(([row, unitOfWork]) => this.checkpointRow(row, unitOfWork)));
      for (let start = 0; start < this.index.end; start += CHECKPOINT_CHUNK) {
        writer.add(this.committedRows(start, Math.min(start + CHECKPOINT_CHUNK, this.index.end)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      writer.abandon();
      throw error;
    }
    writer.finish(replayFrom, nextSequence);
    this.replayFrom = replayFrom;
    this.removeDeadSegments();
    if (await this.relocateSparseSegments()) this.removeDeadSegments();
  }

  private committedRows(start: number, end: number): CheckpointRow[] {
    const rows: CheckpointRow[] = [];
    for (let row = start; row < end; row++) {
      const state = this.index.state[row]!;
      if (state !== State.FREE && state !== State.UNCOMMITTED) rows.push(...this.checkpointRow(row, 0));
    }
    return rows;
  }

  /** None for a message that is not persistent, or whose record is still to be written, and so replayed. */
  private checkpointRow(row: number, unitOfWork: number): CheckpointRow[] {
    const { index } = this;
    if (index.persistent[row] === 0 || index.segment[row] === 0) return [];
    return [
      {
        sequence: index.sequence[row]!,
        unitOfWork,
        expiry: index.expiry[row]!,
        segment: index.segment[row]!,
        offset: index.offset[row]!,
        length: index.length[row]!,
        queue: index.queue[row]!,
        backoutCount: index.backoutCount[row]!,
        messageId: index.messageId[row]!,
        correlationId: index.correlationId[row]!,
        priority: index.priority[row]!,
      },
    ];
  }

  private removeDeadSegments(): void {
    for (const segment of this.journal.closedSegments()) {
      if (segment >= this.replayFrom || (this.liveBytes.get(segment) ?? 0) > 0) continue;
      this.journal.remove(segment);
      this.liveBytes.delete(segment);
    }
  }

  /** Copies the last messages of mostly dead segments to the end of the journal; true if there were any. */
  private async relocateSparseSegments(): Promise<boolean> {
    const sparse = new Set<number>();
    for (const [segment, bytes] of this.liveBytes) {
      if (segment < this.replayFrom && bytes > 0 && bytes < this.options.segmentBytes / 2)
        sparse.add(segment);
    }
    const moves: Promise<void>[] = [];
    for (let row = 0; sparse.size > 0 && row < this.index.end; row++) {
      const state = this.index.state[row];
      const settled = state === State.AVAILABLE || state === State.LOCKED;
      if (settled && sparse.has(this.index.segment[row]!)) moves.push(this.relocate(row));
    }
    await Promise.all(moves);
    return moves.length > 0;
  }

  private relocate(row: number): Promise<void> {
    const sequence = this.index.sequence[row]!;
    const record = relocatedRecord(this.record(row), this.index.backoutCount[row]!);
    return new Promise((resolve, reject) => {
      this.journal.append(record, true, (error, segment, offset) => {
        if (error) {
          reject(error);
          return;
        }
        this.located(row, sequence, segment, offset);
        resolve();
      });
    });
  }

  // ---- the rest ----

  /** Batches written, bytes and fdatasyncs since the start. */
  get statistics(): Readonly<{ bytes: number; batches: number; syncs: number }> {
    return this.journal.written;
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.checkpointing;
    await this.journal.close();
  }
}

/** Builds the index from a checkpoint and the journal after it. */
class Recovery {
  lastSequence = 0;
  private readonly rows = new Map<number, number>();
  private readonly pending = new Map<number, CheckpointRow[]>();

  constructor(private readonly index: MessageIndex) {}

  checkpointed(row: CheckpointRow): void {
    this.lastSequence = Math.max(this.lastSequence, row.sequence, row.unitOfWork);
    if (row.unitOfWork === 0) this.add(row);
    else this.addPending(row);
  }

  replay(record: Buffer, segment: number, offset: number): void {
    switch (recordType(record)) {
      case RecordType.PUT:
        this.replayPut(record, segment, offset);
        break;
      case RecordType.COMMIT: {
        const { unitOfWork, removed } = commitFields(record);
        this.lastSequence = Math.max(this.lastSequence, unitOfWork);
        for (const row of this.pending.get(unitOfWork) ?? []) this.add(row);
        this.pending.delete(unitOfWork);
        for (const sequence of removed) this.remove(sequence);
        break;
      }
      case RecordType.BACKOUT:
        for (const [sequence, count] of backoutFields(record)) {
          const row = this.rows.get(sequence);
          if (row !== undefined) this.index.backoutCount[row] = count;
        }
        break;
      default:
        throw new Error(`the journal holds a record of unknown type ${recordType(record)}`);
    }
  }

  private replayPut(record: Buffer, segment: number, offset: number): void {
    const fields = putFields(record);
    this.lastSequence = Math.max(this.lastSequence, fields.sequence, fields.unitOfWork);
    if (!fields.persistent) return;
    const { descriptor } = messageOf(record);
    const row: CheckpointRow = {
      ...fields,
      segment,
      offset,
      length: record.length,
      messageId: hashId(descriptor, Field.MsgId),
      correlationId: hashId(descriptor, Field.CorrelId),
      priority: descriptor.readInt32LE(Field.Priority),
    };
    if (fields.unitOfWork === 0) this.add(row);
    else this.addPending(row);
  }

  private addPending(row: CheckpointRow): void {
    const rows = this.pending.get(row.unitOfWork);
    if (rows) rows.push(row);
    else this.pending.set(row.unitOfWork, [row]);
  }

  /** A message that is there already is only moved: its record was copied, or is replayed a second time. */
  private add(row: CheckpointRow): void {
    const { index } = this;
    const known = this.rows.get(row.sequence);
    const at = known ?? index.allocate();
    this.rows.set(row.sequence, at);
    index.sequence[at] = row.sequence;
    index.segment[at] = row.segment;
    index.offset[at] = row.offset;
    index.length[at] = row.length;
    index.expiry[at] = row.expiry;
    index.queue[at] = row.queue;
    index.backoutCount[at] = Math.max(known === undefined ? 0 : index.backoutCount[at]!, row.backoutCount);
    index.messageId[at] = row.messageId;
    index.correlationId[at] = row.correlationId;
    index.priority[at] = row.priority;
    index.persistent[at] = 1;
    index.state[at] = State.AVAILABLE;
  }

  private remove(sequence: number): void {
    const row = this.rows.get(sequence);
    if (row === undefined) return;
    this.rows.delete(sequence);
    this.index.release(row);
  }

  /** The rows in the order of their MQPUT. */
  finish(): Int32Array {
    const sequences = Float64Array.from(this.rows.keys()).toSorted();
    return Int32Array.from(sequences, (sequence) => this.rows.get(sequence)!);
  }
}

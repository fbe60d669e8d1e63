import { mkdir } from 'node:fs/promises';
import { readCheckpoint, writeCheckpoint } from './checkpoint-file.js';
import { lockFolder } from './folder-lock.js';
import { Journal, type JournalEntry } from './journal.js';
import { StorageError } from './storage-error.js';

/** What the entries of the journal are. */
const entryKind = { change: 0, batch: 1 } as const;
const checkpointRetryMs = 1000;

/**
 * State that outlives the process. It is changed in one way only: {@link Storage.commit} makes a change durable and
 * then hands it to `apply`, which is also what recovery does with the changes it finds.
 *
 * Changes that the snapshot already contains are applied to it again during recovery, in their old order, so applying
 * a change must depend on nothing but the state and the change.
 */
export interface DurableState<Change, Snapshot> {
  readonly name: string;
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void | Promise<void>;
  apply(change: Change): void;
  /** Brings onto disk what the snapshot relies on but does not contain. */
  persist?(): Promise<void>;
}

/** Where recovery hands the record batches of the journal, which are not changes of any one state. */
export interface BatchReceiver {
  recoverBatch(content: Buffer): void;
}

export interface StorageOptions {
  /** Bytes of journal after which a checkpoint is made. Recovery replays about twice as much at most. */
  readonly journalBytes: number;
  readonly log: (line: string) => void;
}

/**
 * The data folder: a journal that takes every change and record batch first, and a checkpoint that makes the older part
 * of the journal superfluous. What `commit` and `appendBatch` have promised survives kill -9 and a power failure.
 */
export class Storage {
  private readonly states = new Map<string, DurableState<unknown, unknown>>();
  private journal: Journal | undefined;
  private checkpointing: Promise<void> | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  /** False while the journal's previous generation is still needed, because no checkpoint covers it. */
  private covered = true;

  private constructor(
    readonly folder: string,
    private readonly options: StorageOptions,
    private readonly unlock: () => void,
  ) {}

  /**
   * Takes possession of a data folder, which is created if need be.
   *
   * @throws FolderLockedError while another broker uses it
   */
  static async open(folder: string, options: StorageOptions): Promise<Storage> {
    await mkdir(folder, { recursive: true });
    return new Storage(folder, options, lockFolder(folder));
  }

  /** Every state must be registered before {@link recover}. */
  register(state: DurableState<unknown, unknown>): void {
    this.states.set(state.name, state);
  }

  /**
   * Brings the registered states to where they were when the folder was last used, and opens the journal.
   *
   * @throws StorageError when files are damaged or cannot be written
   */
  async recover(batches: BatchReceiver): Promise<void> {
    try {
      await this.replay(batches);
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw new StorageError(`The data folder ${this.folder} cannot be brought up to date`, error);
    }
  }

  /**
   * Makes a change durable, then applies it. Changes are applied in the order of the calls.
   *
   * @throws StorageError when it could not be written; then it is not applied
   */
  commit<Change>(state: DurableState<Change, unknown>, change: Change): Promise<void> {
    return this.openJournal.append({
      kind: entryKind.change,
      content: [Buffer.from(JSON.stringify([state.name, change]))],
      settled(error) {
        if (error === undefined) state.apply(change);
      },
    });
  }

  /** Makes a record batch durable; see {@link JournalEntry.settled} for when and in which order it is called. */
  appendBatch(content: readonly Buffer[], settled: JournalEntry['settled']): Promise<void> {
    return this.openJournal.append({ kind: entryKind.batch, content, settled });
  }

  /**
   * Gives the folder free, when recovery or what follows it has failed. Nothing more is written, but for a checkpoint
   * that is being written: nobody else may have the folder before it is.
   */
  async abandon(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    await this.checkpointing;
    await this.journal?.close();
    this.unlock();
  }

  /** Finishes what was begun, so that the next start has nothing to replay, and gives the folder free. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    try {
      await this.checkpointing;
      await this.journal?.drain();
      if (this.journal !== undefined) await this.makeCheckpoint(this.journal);
    } finally {
      await this.journal?.close();
      this.unlock();
    }
  }

  private async replay(batches: BatchReceiver): Promise<void> {
    const checkpoint = await readCheckpoint(this.folder);
    for (const [name, snapshot] of Object.entries(checkpoint?.states ?? {})) {
      await this.states.get(name)?.restore(snapshot);
    }
    let generation = checkpoint?.generation ?? 0;
    for await (const frame of Journal.read(this.folder, generation)) {
      generation = frame.generation;
      for (const { kind, content } of frame.entries) {
        if (kind === entryKind.batch) batches.recoverBatch(content);
        else this.applyChange(content);
      }
    }
    await this.writeCheckpoint(generation + 1);
    this.journal = await Journal.open(this.folder, {
      limit: this.options.journalBytes,
      generation: generation + 1,
      onFull: () => this.checkpoint(),
    });
  }

  /** How often the journal was forced to disk since the start. */
  get syncs(): number {
    return this.journal?.syncs ?? 0;
  }

  private get openJournal(): Journal {
    if (this.journal === undefined) throw new Error('The storage is not open.');
    return this.journal;
  }

  /** Checkpoints run one at a time: a generation's file is free only when the checkpoint after it is written. */
  private checkpoint(): void {
    if (this.checkpointing !== undefined || this.retry !== undefined || this.closed) return;
    const journal = this.openJournal;
    this.checkpointing = this.makeCheckpoint(journal)
      .catch((error: Error) => {
        this.options.log(`The checkpoint failed and is tried again: ${error.message}`);
        this.retry = setTimeout(() => {
          this.retry = undefined;
          this.checkpoint();
        }, checkpointRetryMs);
      })
      .finally(() => {
        this.checkpointing = undefined;
        if (journal.isFull) this.checkpoint();
      });
  }

  private async makeCheckpoint(journal: Journal): Promise<void> {
    if (this.covered) {
      this.covered = false;
      await journal.startGeneration();
    }
    await this.writeCheckpoint(journal.generation);
    this.covered = true;
  }

  private async writeCheckpoint(generation: number): Promise<void> {
    for (const state of this.states.values()) await state.persist?.();
    const states = [...this.states.values()].map((state) => [state.name, state.snapshot()] as const);
    await writeCheckpoint(this.folder, { generation, states: Object.fromEntries(states) });
  }

  private applyChange(content: Buffer): void {
    const [name, change] = JSON.parse(content.toString()) as [string, unknown];
    this.states.get(name)?.apply(change);
  }
}

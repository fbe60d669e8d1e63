import { State } from './message-index.js';
import type { MessageStore } from './message-store.js';
import { Completion, Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import type { Queue } from './queue.js';

/**
 * What one connection has put and got under syncpoint since its last commit or backout.
 *
 * Until commit() its puts are seen by nobody and its gets by nobody else; backout() undoes both.
 */
export class UnitOfWork {
  private id = 0;
  private puts: number[] = [];
  private gets: number[] = [];
  private failed = false;

  constructor(
    private readonly store: MessageStore,
    private readonly queueOf: (row: number) => Queue,
  ) {}

  get size(): number {
    return this.puts.length + this.gets.length;
  }

  /** @throws MqiError when nothing more may be done in this unit of work */
  check(limit: number): void {
    if (this.failed) throw new MqiError(Reason.BACKED_OUT);
    if (this.size >= limit) throw new MqiError(Reason.SYNCPOINT_LIMIT_REACHED);
  }

  /** The identifier under which the journal knows it. */
  identifier(): number {
    if (this.id === 0) this.id = this.store.newSequence();
    return this.id;
  }

  /** It cannot be committed any more: a part of it could not be written. */
  fail(identifier: number): void {
    if (identifier === this.id) this.failed = true;
  }

  addPut(row: number): void {
    this.puts.push(row);
    this.queueOf(row).uncommitted++;
  }

  /** Locks an available message for this unit of work. */
  addGet(row: number): void {
    const queue = this.queueOf(row);
    queue.unlink(row, State.LOCKED);
    queue.depth--;
    queue.uncommitted++;
    this.gets.push(row);
  }

  /**
   * Makes everything permanent and visible, once it is on the disk if any of it is persistent.
   *
   * @param done receives nothing, or why it was backed out instead
   */
  commit(done: (error?: MqiError) => void): void {
    if (this.failed) {
      this.backout(() => done(new MqiError(Reason.BACKED_OUT, Completion.WARNING)));
      return;
    }
    const { index } = this.store;
    const { id, puts, gets } = this;
    this.reset();
    const isPersistent = (row: number) => index.persistent[row] === 1;
    const removed = gets.filter(isPersistent);
    if (removed.length === 0 && !puts.some(isPersistent)) {
      this.finish(puts, gets);
      done();
      return;
    }
    for (const row of gets) index.state[row] = State.LEAVING;
    this.store.commit(id, removed, (error) => {
      if (!error) {
        this.finish(puts, gets);
        done();
        return;
      }
      for (const row of gets) index.state[row] = State.LOCKED;
      this.undo(puts, gets, () => done(new MqiError(Reason.BACKED_OUT, Completion.WARNING)));
    });
  }

  private reset(): void {
    this.id = 0;
    this.puts = [];
    this.gets = [];
    this.failed = false;
  }

  private finish(puts: readonly number[], gets: readonly number[]): void {
    const touched = new Set<Queue>();
    for (const row of gets) {
      this.queueOf(row).uncommitted--;
      this.store.release(row);
    }
    for (const row of puts) {
      const queue = this.queueOf(row);
      queue.uncommitted--;
      this.store.committed(row);
      queue.link(row);
      touched.add(queue);
    }
    for (const queue of touched) queue.wake();
  }

  /**
   * Discards the puts and returns each message got to its place, its backout count one higher.
   *
   * @param done called once the counts survive a crash of this process
   */
  backout(done: () => void): void {
    const { puts, gets } = this;
    this.reset();
    this.undo(puts, gets, done);
  }

  private undo(puts: readonly number[], gets: readonly number[], done: () => void): void {
    const touched = new Set<Queue>();
    for (const row of puts) {
      const queue = this.queueOf(row);
      queue.uncommitted--;
      queue.depth--;
      this.store.release(row);
    }
    this.store.backedOut(gets, done);
    for (const row of gets) {
      const queue = this.queueOf(row);
      queue.uncommitted--;
      queue.depth++;
      queue.link(row);
      touched.add(queue);
    }
    for (const queue of touched) queue.wake();
  }
}

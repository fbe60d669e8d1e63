import type { Attributes } from './attributes.js';
import { type MessageIndex, NONE, State } from './message-index.js';
import { Reason } from './mqi-constants.js';

const PRIORITIES = 10;

/** Whether a get wants this message. */
export type Match = (row: number) => boolean;

/** A get that waits for a message. */
export interface Waiter {
  /** Takes a message if there is one for it now, or notices that it must fail; true when it need not wait any more. */
  poll(): boolean;
}

/** Where a browse is: the message it saw last, which may be gone meanwhile. */
export interface Cursor {
  row: number;
  sequence: number;
  priority: number;
}

/**
 * A local queue: the order of its messages and who waits for them.
 *
 * Committed, unlocked messages are in linked lists, one per priority, in the order of their MQPUT; a message
 * that is backed out returns to its place. Uncommitted and locked ones are in no list.
 */
export class Queue {
  private readonly heads = new Int32Array(PRIORITIES).fill(NONE);
  private readonly tails = new Int32Array(PRIORITIES).fill(NONE);
  private readonly waiters = new Set<Waiter>();
  private linked = 0;
  /** MSGDLVSQ(FIFO), as it was when the queue was last empty: what is in the lists stays as it is. */
  private fifo = false;
  /** CURDEPTH: with uncommitted puts, without uncommitted gets. */
  depth = 0;
  /** Messages that belong to a unit of work: uncommitted puts and gets. */
  uncommitted = 0;
  openForInput = 0;
  openForOutput = 0;
  exclusive = false;

  constructor(
    readonly name: string,
    readonly id: number,
    /** Of DEFINE QLOCAL; changed in place by MQSET and ALTER. */
    readonly attributes: Attributes,
    /** When it was defined. */
    readonly created: string,
    private readonly index: MessageIndex,
  ) {}

  get maxDepth(): number {
    return this.attributes.MAXDEPTH as number;
  }

  get maxMessageLength(): number {
    return this.attributes.MAXMSGL as number;
  }

  get putInhibited(): boolean {
    return this.attributes.PUT === 1;
  }

  get getInhibited(): boolean {
    return this.attributes.GET === 1;
  }

  private list(priority: number): number {
    return this.fifo ? 0 : priority;
  }

  /** Puts a message in its place; `wake` is still to be called. */
  link(row: number): void {
    const { index } = this;
    if (this.linked++ === 0) this.fifo = this.attributes.MSGDLVSQ === 1;
    const list = this.list(index.priority[row]!);
    const sequence = index.sequence[row]!;
    index.state[row] = State.AVAILABLE;
    const head = this.heads[list]!;
    // A backed-out message is near the head, a newly committed one near the tail.
    let after = this.tails[list]!;
    if (head !== NONE && sequence < index.sequence[head]!) after = NONE;
    while (after !== NONE && index.sequence[after]! > sequence) after = index.previous[after]!;
    const before = after === NONE ? head : index.next[after]!;
    index.previous[row] = after;
    index.next[row] = before;
    if (after === NONE) this.heads[list] = row;
    else index.next[after] = row;
    if (before === NONE) this.tails[list] = row;
    else index.previous[before] = row;
  }

  /** Takes an available message out of its list, as `state`. */
  unlink(row: number, state: number): void {
    const { index } = this;
    const list = this.list(index.priority[row]!);
    const after = index.previous[row]!;
    const before = index.next[row]!;
    if (after === NONE) this.heads[list] = before;
    else index.next[after] = before;
    if (before === NONE) this.tails[list] = after;
    else index.previous[before] = after;
    index.next[row] = NONE;
    index.previous[row] = NONE;
    index.state[row] = state;
    this.linked--;
  }

  /** The first message that matches, or NONE: highest priority first, then the order of MQPUT. */
  first(match: Match): number {
    for (let list = PRIORITIES - 1; list >= 0; list--) {
      const row = this.search(this.heads[list]!, match);
      if (row !== NONE) return row;
    }
    return NONE;
  }

  private search(start: number, match: Match): number {
    for (let row = start; row !== NONE;) {
      const next = this.index.next[row]!; // `match` may remove an expired message
      if (match(row)) return row;
      row = next;
    }
    return NONE;
  }

  /** The first message after a browse cursor that matches, or NONE. */
  after(cursor: Cursor, match: Match): number {
    const { index } = this;
    const sameList = this.list(cursor.priority);
    let start: number;
    if (this.isAt(cursor)) {
      start = index.next[cursor.row]!;
    } else {
      start = this.heads[sameList]!;
      while (start !== NONE && index.sequence[start]! <= cursor.sequence) start = index.next[start]!;
    }
    for (let list = sameList; list >= 0; list--) {
      const row = this.search(list === sameList ? start : this.heads[list]!, match);
      if (row !== NONE) return row;
    }
    return NONE;
  }

  /** Whether the message under a cursor is still there for anyone to get. */
  isAt(cursor: Cursor): boolean {
    return (
      cursor.row !== NONE &&
      this.index.state[cursor.row] === State.AVAILABLE &&
      this.index.sequence[cursor.row] === cursor.sequence
    );
  }

  /** Every message that anyone can get. */
  *available(): Generator<number> {
    for (const head of this.heads) {
      for (let row = head; row !== NONE; row = this.index.next[row]!) yield row;
    }
  }

  wait(waiter: Waiter): void {
    this.waiters.add(waiter);
  }

  stopWaiting(waiter: Waiter): void {
    this.waiters.delete(waiter);
  }

  /** Offers what is there to the waiting gets, the one that waits longest first. */
  wake(): void {
    for (const waiter of this.waiters) {
      if (waiter.poll()) this.waiters.delete(waiter);
    }
  }

  /** Why no message of this length can be put, or NONE. */
  refusal(length: number, queueManagerMaximum: number): number {
    if (this.putInhibited) return Reason.PUT_INHIBITED;
    if (length > this.maxMessageLength) return Reason.MSG_TOO_BIG_FOR_Q;
    if (length > queueManagerMaximum) return Reason.MSG_TOO_BIG_FOR_Q_MGR;
    if (this.depth >= this.maxDepth) return Reason.Q_FULL;
    return Reason.NONE;
  }
}

/** Where in its life a message is. */
export const State = {
  FREE: 0,
  /** Put in a unit of work that is not committed: nobody else sees it. */
  UNCOMMITTED: 1,
  /** On its queue, for anyone to get. */
  AVAILABLE: 2,
  /** Got in a unit of work that is not committed, or locked by a browse: on its queue, but for nobody else. */
  LOCKED: 3,
  /** Its removal is on its way to the journal. */
  LEAVING: 4,
} as const;

/** No row: the end of a list. */
export const NONE = -1;

const FIRST_CAPACITY = 1024;

/**
 * One row of fixed-size columns per message, about 60 bytes; everything else about a message is in its
 * journal record. Rows are reused; `sequence` tells one message from another.
 */
export class MessageIndex {
  private capacity = FIRST_CAPACITY;
  private firstFree = NONE;
  private used = 0;
  /** Messages there are, in any state. */
  count = 0;

  /** The order of MQPUT, never used twice. */
  sequence = new Float64Array(FIRST_CAPACITY);
  /** Where its record is in the journal; segment 0 means that it is in memory only. */
  segment = new Uint32Array(FIRST_CAPACITY);
  offset = new Uint32Array(FIRST_CAPACITY);
  length = new Uint32Array(FIRST_CAPACITY);
  /** When it expires, in ms since the epoch; 0 means never. */
  expiry = new Float64Array(FIRST_CAPACITY);
  queue = new Uint32Array(FIRST_CAPACITY);
  backoutCount = new Uint32Array(FIRST_CAPACITY);
  messageId = new Int32Array(FIRST_CAPACITY);
  correlationId = new Int32Array(FIRST_CAPACITY);
  next = new Int32Array(FIRST_CAPACITY);
  previous = new Int32Array(FIRST_CAPACITY);
  state = new Uint8Array(FIRST_CAPACITY);
  priority = new Uint8Array(FIRST_CAPACITY);
  persistent = new Uint8Array(FIRST_CAPACITY);

  /** One past the highest row ever used. */
  get end(): number {
    return this.used;
  }

  allocate(): number {
    let row = this.firstFree;
    if (row === NONE) {
      if (this.used === this.capacity) this.grow();
      row = this.used++;
    } else {
      this.firstFree = this.next[row]!;
    }
    this.count++;
    this.segment[row] = 0;
    this.expiry[row] = 0;
    this.backoutCount[row] = 0;
    this.next[row] = NONE;
    this.previous[row] = NONE;
    return row;
  }

  release(row: number): void {
    this.state[row] = State.FREE;
    this.next[row] = this.firstFree;
    this.firstFree = row;
    this.count--;
  }

  private grow(): void {
    this.capacity *= 2;
    this.sequence = grown(this.sequence, this.capacity);
    this.segment = grown(this.segment, this.capacity);
    this.offset = grown(this.offset, this.capacity);
    this.length = grown(this.length, this.capacity);
    this.expiry = grown(this.expiry, this.capacity);
    this.queue = grown(this.queue, this.capacity);
    this.backoutCount = grown(this.backoutCount, this.capacity);
    this.messageId = grown(this.messageId, this.capacity);
    this.correlationId = grown(this.correlationId, this.capacity);
    this.next = grown(this.next, this.capacity);
    this.previous = grown(this.previous, this.capacity);
    this.state = grown(this.state, this.capacity);
    this.priority = grown(this.priority, this.capacity);
    this.persistent = grown(this.persistent, this.capacity);
  }
}

function grown<Column extends Float64Array | Uint32Array | Int32Array | Uint8Array>(
  column: Column,
  capacity: number,
): Column {
  const larger = new (column.constructor as new (length: number) => Column)(capacity);
  larger.set(column);
  return larger;
}

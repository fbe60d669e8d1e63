import { Operation } from './protocol.js';
import type { QueueManager } from './queue-manager.js';

/** A verb at which a connection can be made to break. */
export type FaultyVerb = 'MQOPEN' | 'MQPUT' | 'MQPUT1' | 'MQGET' | 'MQCMIT' | 'MQBACK' | 'consume';

const operations: Readonly<Record<FaultyVerb, number>> = {
  MQOPEN: Operation.OPEN,
  MQPUT: Operation.PUT,
  MQPUT1: Operation.PUT1,
  MQGET: Operation.GET,
  MQCMIT: Operation.COMMIT,
  MQBACK: Operation.BACKOUT,
  consume: Operation.CONSUME,
};

interface PlannedDrop {
  operation: number;
  when: 'before' | 'after';
  skip: number;
}

/** Makes things go wrong, for tests of programs that must cope with it. */
export class Faults {
  private readonly drops: PlannedDrop[] = [];
  private failingCommits = 0;
  private writeError: Error | undefined;

  constructor(
    private readonly queueManager: () => QueueManager,
    private readonly drop: () => void,
  ) {}

  /** Breaks all connections at once, as a failing network would: 2009, and units of work are backed out. */
  dropConnections(): void {
    this.drop();
  }

  /**
   * Breaks the connection that next calls a verb.
   *
   * @param when `before` the verb has any effect, or `after` it took effect but before its caller hears of it:
   *   after MQCMIT, the caller cannot know whether the unit of work is committed
   * @param skip calls that still succeed
   */
  dropConnectionAt(verb: FaultyVerb, when: 'before' | 'after', skip = 0): void {
    this.drops.push({ operation: operations[verb], when, skip });
  }

  /** The next MQCMIT backs its unit of work out and ends with 2003. */
  failNextCommit(): void {
    this.failingCommits++;
  }

  /**
   * Lets a queue take no more messages (2053) than it has.
   *
   * @returns undoes it
   */
  fillQueue(name: string): () => void {
    const queue = this.queueManager().findQueue(name);
    if (!queue) throw new Error(`there is no local queue ${name}`);
    const { MAXDEPTH } = queue.attributes;
    queue.attributes.MAXDEPTH = queue.depth;
    return () => {
      queue.attributes.MAXDEPTH = MAXDEPTH!;
    };
  }

  /**
   * Fails every write to the disk, as when it is full: persistent puts outside syncpoint end with 2102,
   * MQCMIT with 2003.
   *
   * @returns undoes it
   */
  failWrites(): () => void {
    this.writeError = Object.assign(new Error('ENOSPC: no space left on device (injected)'), {
      code: 'ENOSPC',
    });
    return () => {
      this.writeError = undefined;
    };
  }

  // ---- asked by those who carry verbs out ----

  /** Whether the connection breaks at this request, and on which side of its effect. */
  dropAt(operation: number): 'before' | 'after' | undefined {
    for (const [i, planned] of this.drops.entries()) {
      if (planned.operation !== operation || planned.skip-- > 0) continue;
      this.drops.splice(i, 1);
      return planned.when;
    }
    return undefined;
  }

  commitFails(): boolean {
    if (this.failingCommits === 0) return false;
    this.failingCommits--;
    return true;
  }

  /** @throws while failWrites() is in force */
  beforeWrite(): void {
    if (this.writeError) throw this.writeError;
  }
}

import type { Connection } from '../connection/connection.js';
import { QueueType, Selector } from '../mqi/constants.js';

/** What becomes of a message of a queue that is backed out again and again. */
export interface BackoutPolicy {
  /** Backouts after which a message is moved away; 0 means never. */
  readonly threshold: number;
  /** BOQNAME; empty when there is none. */
  readonly backoutQueue: string;
  /** Dead-letter queue of the queue manager; empty when there is none. */
  readonly deadLetterQueue: string;
  /** Name of the queue manager. */
  readonly queueManager: string;
}

/**
 * Asks for BOTHRESH and BOQNAME of a queue, through an alias those of the queue behind it, and for DEADQ. Which
 * messages are moved is the consumer's business: no queue manager does it.
 */
export function inquireBackoutPolicy(connection: Connection, queue: string): BackoutPolicy {
  const [type] = connection.inquireQueue(queue, [Selector.Q_TYPE]);
  const local =
    type === QueueType.ALIAS ? (connection.inquireQueue(queue, [Selector.BASE_Q_NAME])[0] as string) : queue;
  const [threshold, backoutQueue] = connection.inquireQueue(local, [
    Selector.BACKOUT_THRESHOLD,
    Selector.BACKOUT_REQ_Q_NAME,
  ]);
  const [deadLetterQueue, queueManager] = connection.inquireQueueManager([
    Selector.DEAD_LETTER_Q_NAME,
    Selector.Q_MGR_NAME,
  ]);
  return {
    threshold: threshold as number,
    backoutQueue: backoutQueue as string,
    deadLetterQueue: deadLetterQueue as string,
    queueManager: queueManager as string,
  };
}

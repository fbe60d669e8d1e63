import type { IbmMqError } from './errors.js';

export interface CommittedUnit {
  /** How many messages were taken, including those that went to the backout or dead-letter queue. */
  readonly messages: number;
  /** Milliseconds from the first message taken to the end of the commit. */
  readonly milliseconds: number;
  /** Milliseconds of the MQCMIT, for which it held the event loop. */
  readonly commitMilliseconds: number;
}

/**
 * Is told what happens, for metrics and logs; every method is optional and must neither block nor throw. Messages in
 * flight are those received less those committed and backed out.
 */
export interface IbmMqObserver {
  /** A connection (hConn) was made; after a loss, the queue manager is back. */
  connected?(): void;
  /** A connection was lost. */
  disconnected?(error: IbmMqError): void;
  /** An attempt to connect failed; another follows. */
  connectFailed?(error: Error): void;
  /** Messages were taken from a queue, uncommitted yet. */
  received?(queue: string, messages: number): void;
  committed?(queue: string, unit: CommittedUnit): void;
  /** A unit of work was backed out, or lost with its connection; its messages are on the queue again. */
  backedOut?(queue: string, messages: number, error: unknown): void;
  /** A message was moved to its backout queue. */
  requeued?(queue: string, backoutQueue: string): void;
  /** A message was moved to the dead-letter queue. */
  deadLettered?(queue: string, deadLetterQueue: string): void;
  /** A message that could not be moved away was put behind the others of its queue. */
  putBack?(queue: string): void;
  /** A unit of work that only sends was committed. */
  sent?(unit: CommittedUnit): void;
}

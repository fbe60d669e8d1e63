import type { UnreadableBatchError } from './unreadable-batch.error.js';

/** What kafkajs knows of the batch of a message. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  /** 0 for the time when it was created, 1 for when it was appended. */
  readonly timestampType: 0 | 1;
  readonly magicByte: number;
}

/** A record's headers, to the byte; a name that is there several times has all its values. */
export type RecordHeaders = Record<string, Buffer | null | (Buffer | null)[] | undefined>;

/** A message as kafkajs hands it on. */
export interface FetchedMessage {
  readonly magicByte: number;
  readonly attributes: number;
  /** Milliseconds since 1970. */
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext | Record<string, never>;
  /** Why the value is not a message's body but the bytes of what could not be read. */
  readonly unreadable?: UnreadableBatchError;
}

/** Why a message that kafkajs hands on could not be read; undefined for one that could. */
export function unreadableOf(message: object): UnreadableBatchError | undefined {
  return (message as Partial<FetchedMessage>).unreadable;
}

import type { Appended, PartitionLog } from '../log/partition-log.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { produceApi } from '../protocol/messages/produce.js';
import { acceptBatch } from '../record/record-batch.js';
import { refusal, type Handler, type Services } from './handler.js';

const noResponse = 0;
const knownAcks = new Set([noResponse, 1, -1]);

/** What became of the batch for one partition. */
interface Outcome {
  readonly log: PartitionLog | undefined;
  readonly appended?: Appended;
  readonly error?: unknown;
}

/**
 * All batches of a request are appended at once and then wait for the disk together. Every kind of acknowledgement is
 * given only when the batches are durable; a producer that wants none is held to the speed of the disk all the same.
 */
export function produce({ topics }: Services): Handler<typeof produceApi> {
  function append(name: string, index: number, records: Buffer | null, acks: number, now: number): Outcome {
    const topic = topics.get(name);
    const log = topic?.partitions[index];
    try {
      if (!knownAcks.has(acks)) {
        throw new RefusedError(ErrorCode.INVALID_REQUIRED_ACKS, `acks is ${acks}, not 0, 1 or -1.`);
      }
      if (topic === undefined || log === undefined) {
        throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no ${name}-${index}.`);
      }
      return { log, appended: log.append(acceptBatch(records, topic.maxMessageBytes), now) };
    } catch (error) {
      return { log, error };
    }
  }

  async function answer(outcome: Outcome) {
    try {
      if (outcome.appended === undefined) throw outcome.error;
      await outcome.appended.durable;
      return {
        errorCode: ErrorCode.NONE,
        errorMessage: null,
        baseOffset: outcome.appended.baseOffset,
        logStartOffset: outcome.log?.startOffset ?? -1,
      };
    } catch (error) {
      return { ...refusal(error), baseOffset: -1, logStartOffset: -1 };
    }
  }

  return async (request) => {
    const now = Date.now();
    const begun = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, records }) => ({
        index,
        outcome: append(name, index, records, request.acks, now),
      })),
    }));
    const answered = [];
    for (const { name, partitions } of begun) {
      const answers = [];
      for (const { index, outcome } of partitions) {
        answers.push({ index, recordErrors: [], ...(await answer(outcome)) });
      }
      answered.push({ name, partitions: answers });
    }
    return request.acks === noResponse ? null : { topics: answered };
  };
}

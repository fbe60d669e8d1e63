import type { PartitionLog } from '../log/partition-log.js';
import { ErrorCode } from '../protocol/errors.js';
import type { fetchApi } from '../protocol/messages/fetch.js';
import { leaderEpoch } from '../record/record-batch.js';
import type { Topic } from '../topic/topic.js';
import { refusal, type Handler, type RequestContext, type Services } from './handler.js';

const firstVersionWithTopicIds = 13;

interface WantedPartition {
  readonly index: number;
  readonly log: PartitionLog | undefined;
  readonly errorCode: ErrorCode;
  readonly offset: number;
  readonly maxBytes: number;
}

/**
 * Answers with what is there, or, while that is less than the client wants, as soon as enough becomes durable; with
 * whatever there is when the client's time is up. Sessions (KIP-227) are not kept, which clients must cope with.
 */
export function fetch({ topics, settings }: Services): Handler<typeof fetchApi> {
  return async (request, context) => {
    if (request.sessionId !== 0) {
      return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, topics: [] };
    }
    const byId = context.version >= firstVersionWithTopicIds;
    const wanted = request.topics.map(({ name, topicId, partitions }) => {
      const topic = byId ? topics.getById(topicId) : topics.get(name);
      return { name, topicId, partitions: partitions.map((partition) => resolve(topic, partition, byId)) };
    });
    const all = wanted.flatMap(({ partitions }) => partitions);
    const enough = () => hasEnough(all, request.minBytes);
    if (request.maxWaitMs > 0 && !enough()) await waitUntil(enough, all, request.maxWaitMs, context);

    const reader = new BoundedReader(Math.min(request.maxBytes, settings.maxFetchBytes));
    const answers = [];
    for (const { name, topicId, partitions } of wanted) {
      const read = [];
      for (const partition of partitions) read.push(await reader.read(partition));
      answers.push({ name, topicId, partitions: read });
    }
    return { errorCode: ErrorCode.NONE, topics: answers };
  };
}

function resolve(
  topic: Topic | undefined,
  partition: { index: number; currentLeaderEpoch: number; fetchOffset: number; maxBytes: number },
  byId: boolean,
): WantedPartition {
  const { index, fetchOffset: offset, maxBytes } = partition;
  const log = topic?.partitions[index];
  let errorCode: ErrorCode = ErrorCode.NONE;
  if (topic === undefined && byId) errorCode = ErrorCode.UNKNOWN_TOPIC_ID;
  else if (log === undefined) errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  else if (partition.currentLeaderEpoch > leaderEpoch) errorCode = ErrorCode.UNKNOWN_LEADER_EPOCH;
  return { index, log, errorCode, offset, maxBytes };
}

/** True also when there is an error to report, which must not wait. */
function hasEnough(wanted: readonly WantedPartition[], minBytes: number): boolean {
  let bytes = 0;
  for (const { log, errorCode, offset, maxBytes } of wanted) {
    if (log === undefined || errorCode !== ErrorCode.NONE || log.isRemoved) return true;
    if (offset < log.startOffset || offset > log.highWatermark) return true;
    bytes += log.readableBytes(offset, maxBytes);
  }
  return bytes >= minBytes;
}

function waitUntil(
  enough: () => boolean,
  wanted: readonly WantedPartition[],
  maxWaitMs: number,
  context: RequestContext,
): Promise<void> {
  return new Promise((done) => {
    const check = () => {
      if (enough()) finish();
    };
    const undo = wanted.map(({ log }) => log!.watch(check));
    const timer = setTimeout(finish, maxWaitMs);
    undo.push(context.onDisconnect(finish));
    function finish(): void {
      clearTimeout(timer);
      for (const stop of undo) stop();
      done();
    }
  });
}

/** Reads from several partitions until a number of bytes is reached. */
class BoundedReader {
  constructor(private remaining: number) {}

  async read({ index, log, errorCode, offset, maxBytes }: WantedPartition) {
    if (log === undefined || errorCode !== ErrorCode.NONE) return failed(index, errorCode);
    if (log.isRemoved) return failed(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    try {
      const room = Math.min(maxBytes, this.remaining);
      const found = room > 0 || this.remaining > 0 ? log.read(offset, room) : [];
      const records = found instanceof Promise ? await found : found;
      for (const buffer of records) this.remaining -= buffer.length;
      return {
        index,
        errorCode,
        highWatermark: log.highWatermark,
        lastStableOffset: log.highWatermark,
        logStartOffset: log.startOffset,
        abortedTransactions: null,
        records,
      };
    } catch (error) {
      return failed(index, refusal(error).errorCode);
    }
  }
}

function failed(index: number, errorCode: ErrorCode) {
  return {
    index,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: null,
    records: [],
  };
}

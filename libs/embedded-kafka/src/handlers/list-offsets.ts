import type { PartitionLog } from '../log/partition-log.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { listOffsetsApi } from '../protocol/messages/list-offsets.js';
import { leaderEpoch } from '../record/record-batch.js';
import type { TimedOffset } from '../record/record-timestamps.js';
import { attempt, type Handler, type Services } from './handler.js';

/** Timestamps that are none. The last two are about tiered storage: all is local here, nothing is remote. */
const special = { latest: -1, earliest: -2, youngest: -3, earliestLocal: -4, latestTiered: -5 } as const;
const nowhere: TimedOffset = { offset: -1, timestamp: -1 };

export function listOffsets({ topics }: Services): Handler<typeof listOffsetsApi> {
  return async (request) => {
    const answers = [];
    for (const { name, partitions } of request.topics) {
      const found = [];
      for (const { index, timestamp, currentLeaderEpoch } of partitions) {
        const log = topics.get(name)?.partitions[index];
        const { errorCode, value = nowhere } = await attempt(() => find(log, timestamp, currentLeaderEpoch));
        found.push({
          index,
          errorCode,
          ...value,
          leaderEpoch: value.offset < 0 ? -1 : leaderEpoch,
        });
      }
      answers.push({ name, partitions: found });
    }
    return { topics: answers };
  };
}

async function find(
  log: PartitionLog | undefined,
  timestamp: number,
  currentLeaderEpoch: number,
): Promise<TimedOffset> {
  if (log === undefined) {
    throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such partition.');
  }
  if (currentLeaderEpoch > leaderEpoch) {
    throw new RefusedError(ErrorCode.UNKNOWN_LEADER_EPOCH, `The leader's epoch is ${leaderEpoch}.`);
  }
  switch (timestamp) {
    case special.latest:
      return { offset: log.highWatermark, timestamp: -1 };
    case special.earliest:
    case special.earliestLocal:
      return { offset: log.startOffset, timestamp: -1 };
    case special.latestTiered:
      return nowhere;
    case special.youngest:
      return (await log.youngest()) ?? nowhere;
    default:
      return (await log.offsetSince(timestamp)) ?? nowhere;
  }
}

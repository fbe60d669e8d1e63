import { ErrorCode } from '../protocol/errors.js';
import type { offsetForLeaderEpochApi } from '../protocol/messages/offset-for-leader-epoch.js';
import { leaderEpoch } from '../record/record-batch.js';
import type { Handler, Services } from './handler.js';

/** With one leader for ever, its epoch ends where the log ends and no consumer's log can have diverged. */
export function offsetForLeaderEpoch({ topics }: Services): Handler<typeof offsetForLeaderEpochApi> {
  return (request) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, currentLeaderEpoch, leaderEpoch: asked }) => {
        const log = topics.get(name)?.partitions[index];
        let errorCode: ErrorCode = ErrorCode.NONE;
        if (log === undefined) errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        else if (currentLeaderEpoch > leaderEpoch) errorCode = ErrorCode.UNKNOWN_LEADER_EPOCH;
        const isKnown = log !== undefined && errorCode === ErrorCode.NONE && asked === leaderEpoch;
        return {
          index,
          errorCode,
          leaderEpoch: isKnown ? leaderEpoch : -1,
          endOffset: isKnown ? log.highWatermark : -1,
        };
      }),
    })),
  });
}

import type { OffsetRecord } from '../group/committed-offsets.js';
import { checkGroupId } from '../group/group-coordinator.js';
import { isSubscribedTo } from '../group/subscription.js';
import type { RequestOf } from '../protocol/api.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { offsetCommitApi } from '../protocol/messages/offset-commit.js';
import type { offsetDeleteApi } from '../protocol/messages/offset-delete.js';
import type { offsetFetchApi } from '../protocol/messages/offset-fetch.js';
import { attempt, type Handler, type Services } from './handler.js';
import { asCoordinatorError, asMemberRequest } from './groups.js';

const maxMetadataBytes = 4096;
const firstVersionWithSeveralGroups = 8;

export function offsetCommit({ groups, topics }: Services): Handler<typeof offsetCommitApi> {
  type Commit = RequestOf<typeof offsetCommitApi>;

  function checkCommitter(request: Commit): void {
    checkGroupId(request.groupId);
    const group = groups.group(request.groupId);
    if (group !== undefined) group.checkCommit(asMemberRequest(request));
    else if (request.generationId >= 0) {
      throw new RefusedError(ErrorCode.ILLEGAL_GENERATION, 'The group has no members.');
    }
  }

  function fault(topic: string, partition: Commit['topics'][number]['partitions'][number]): ErrorCode {
    if (topics.get(topic)?.partitions[partition.index] === undefined) {
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    }
    const metadataBytes = Buffer.byteLength(partition.metadata ?? '');
    return metadataBytes > maxMetadataBytes ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE;
  }

  return async (request) => {
    const now = Date.now();
    const offsets: OffsetRecord[] = [];
    const checked = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => {
        const errorCode = fault(name, partition);
        const { index, offset, leaderEpoch, metadata } = partition;
        if (errorCode === ErrorCode.NONE) offsets.push([name, index, offset, leaderEpoch, metadata, now]);
        return { index, errorCode };
      }),
    }));
    const outcome = await attempt(() => {
      checkCommitter(request);
      return offsets.length > 0 ? groups.commitOffsets(request.groupId, offsets) : undefined;
    });
    const failure = asCoordinatorError(outcome.errorCode);
    return {
      topics: checked.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ index, errorCode }) => ({
          index,
          errorCode: failure === ErrorCode.NONE ? errorCode : failure,
        })),
      })),
    };
  };
}

export function offsetFetch({ groups }: Services): Handler<typeof offsetFetchApi> {
  type Wanted = { name: string; partitions: number[] };

  function committed(groupId: string, wanted: readonly Wanted[] | null) {
    const offsets = groups.offsets(groupId);
    return (wanted ?? allTopics(groupId)).map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((index) => {
        const found = offsets?.get(name, index);
        return {
          index,
          offset: found?.offset ?? -1,
          leaderEpoch: found?.leaderEpoch ?? -1,
          metadata: found?.metadata ?? '',
          errorCode: ErrorCode.NONE,
        };
      }),
    }));
  }

  function allTopics(groupId: string): Wanted[] {
    const byTopic = new Map<string, number[]>();
    for (const { topic, partition } of groups.offsets(groupId)?.partitions() ?? []) {
      const partitions = byTopic.get(topic) ?? [];
      partitions.push(partition);
      byTopic.set(topic, partitions);
    }
    return [...byTopic].map(([name, partitions]) => ({ name, partitions }));
  }

  return (request, context) => {
    if (context.version < firstVersionWithSeveralGroups) {
      const errorCode = request.groupId === '' ? ErrorCode.INVALID_GROUP_ID : ErrorCode.NONE;
      return { topics: committed(request.groupId, request.topics), errorCode, groups: [] };
    }
    return {
      topics: [],
      errorCode: ErrorCode.NONE,
      groups: request.groups.map(({ groupId, topics }) => ({
        groupId,
        topics: committed(groupId, topics),
        errorCode: groupId === '' ? ErrorCode.INVALID_GROUP_ID : ErrorCode.NONE,
      })),
    };
  };
}

export function offsetDelete({ groups, topics }: Services): Handler<typeof offsetDeleteApi> {
  return async (request) => {
    const { groupId } = request;
    const group = groups.group(groupId);
    const deletable: { topic: string; partition: number }[] = [];
    const checked = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index }) => {
        let errorCode: ErrorCode = ErrorCode.NONE;
        if (topics.get(name)?.partitions[index] === undefined)
          errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
        else if (group && isSubscribedTo(group, name)) errorCode = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC;
        else deletable.push({ topic: name, partition: index });
        return { index, errorCode };
      }),
    }));
    const outcome = await attempt(async () => {
      checkGroupId(groupId);
      if (group === undefined) throw new RefusedError(ErrorCode.GROUP_ID_NOT_FOUND, `No group ${groupId}.`);
      if (deletable.length > 0) await groups.deleteOffsets(groupId, deletable);
    });
    const errorCode = asCoordinatorError(outcome.errorCode);
    return { errorCode, topics: errorCode === ErrorCode.NONE ? checked : [] };
  };
}

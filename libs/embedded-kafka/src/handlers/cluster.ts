import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { describeClusterApi } from '../protocol/messages/describe-cluster.js';
import type { listPartitionReassignmentsApi } from '../protocol/messages/list-partition-reassignments.js';
import type { metadataApi } from '../protocol/messages/metadata.js';
import { leaderEpoch } from '../record/record-batch.js';
import { checkTopicName } from '../topic/topic-catalog.js';
import type { Topic } from '../topic/topic.js';
import { attempt, nodeId, type Handler, type Services } from './handler.js';

/** Describes the cluster and the topics asked for; those that are missing are created if broker and client agree. */
export function metadata({ clusterId, topics, settings }: Services): Handler<typeof metadataApi> {
  async function find(asked: { topicId: string; name: string | null }, mayCreate: boolean): Promise<Topic> {
    if (asked.name === null) {
      const topic = topics.getById(asked.topicId);
      if (topic === undefined) throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_ID, 'There is no such topic.');
      return topic;
    }
    checkTopicName(asked.name);
    const topic = topics.get(asked.name);
    if (topic !== undefined) return topic;
    if (!mayCreate) throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.');
    return topics.getOrCreate(asked.name);
  }

  return async (request, context) => {
    const wantsAll = request.topics === null || (context.version === 0 && request.topics.length === 0);
    const mayCreate = settings.autoCreateTopics && request.allowAutoTopicCreation;
    const described = [];
    if (wantsAll) described.push(...topics.all.map(describe));
    for (const asked of wantsAll ? [] : request.topics!) {
      const { errorCode, value } = await attempt(() => find(asked, mayCreate));
      described.push(
        value ? describe(value) : { errorCode, name: asked.name, topicId: asked.topicId, partitions: [] },
      );
    }
    return {
      brokers: [{ nodeId, ...context.advertised }],
      clusterId,
      controllerId: nodeId,
      topics: described,
    };
  };
}

function describe(topic: Topic) {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.map((_log, index) => ({
      errorCode: ErrorCode.NONE,
      index,
      leaderId: nodeId,
      leaderEpoch,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      offlineReplicas: [],
    })),
  };
}

export function describeCluster({ clusterId }: Services): Handler<typeof describeClusterApi> {
  return (_request, context) => ({
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    clusterId,
    controllerId: nodeId,
    brokers: [{ nodeId, ...context.advertised }],
  });
}

/** There is nowhere to move a partition to, so none is ever on the move. */
export function listPartitionReassignments(): Handler<typeof listPartitionReassignmentsApi> {
  return () => ({ errorCode: ErrorCode.NONE, errorMessage: null, topics: [] });
}

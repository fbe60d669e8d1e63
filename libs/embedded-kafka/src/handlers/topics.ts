import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { createPartitionsApi } from '../protocol/messages/create-partitions.js';
import type { createTopicsApi } from '../protocol/messages/create-topics.js';
import type { deleteRecordsApi } from '../protocol/messages/delete-records.js';
import type { deleteTopicsApi } from '../protocol/messages/delete-topics.js';
import type { RequestOf } from '../protocol/api.js';
import type { Topic } from '../topic/topic.js';
import type { TopicConfig } from '../topic/topic-config.js';
import { describeTopicConfig } from './configs.js';
import { attempt, nodeId, type Handler, type Services } from './handler.js';

type CreatableTopic = RequestOf<typeof createTopicsApi>['topics'][number];

const brokersDefault = -1;
const replicas = 1;
const noTopicId = '00000000-0000-0000-0000-000000000000';

export function createTopics({ topics, settings }: Services): Handler<typeof createTopicsApi> {
  async function create(asked: CreatableTopic, validateOnly: boolean): Promise<Topic | undefined> {
    checkReplicas(asked);
    const partitions = partitionCount(asked);
    const config = toConfig(asked.configs);
    if (!validateOnly) return topics.create(asked.name, partitions, config);
    topics.check(asked.name, partitions, config);
    return undefined;
  }

  return async (request) => {
    const answers = [];
    const isRepeated = repeatedIn(request.topics.map(({ name }) => name));
    const distinct = new Map(request.topics.map((asked) => [asked.name, asked]));
    for (const asked of distinct.values()) {
      const { value: topic, ...outcome } = await attempt(() => {
        if (isRepeated(asked.name)) {
          throw new RefusedError(
            ErrorCode.INVALID_REQUEST,
            `The request names '${asked.name}' more than once.`,
          );
        }
        return create(asked, request.validateOnly);
      });
      const succeeded = outcome.errorCode === ErrorCode.NONE;
      const partitions = topic?.partitions.length ?? partitionCount(asked) ?? settings.defaultPartitions;
      answers.push({
        name: asked.name,
        topicId: topic?.id ?? noTopicId,
        ...outcome,
        partitions: succeeded ? partitions : -1,
        replicationFactor: succeeded ? replicas : -1,
        configs: topic ? describeTopicConfig(topic) : [],
      });
    }
    return { topics: answers };
  };
}

function repeatedIn(names: readonly string[]): (name: string) => boolean {
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return (name) => repeated.has(name);
}

function partitionCount({ partitions, assignments }: CreatableTopic): number | undefined {
  if (assignments.length > 0) return assignments.length;
  return partitions === brokersDefault ? undefined : partitions;
}

function checkReplicas({ assignments, replicationFactor }: CreatableTopic): void {
  const isAssignable = assignments
    .toSorted((a, b) => a.partition - b.partition)
    .every(
      ({ partition, brokerIds }, index) =>
        partition === index && brokerIds.length === replicas && brokerIds[0] === nodeId,
    );
  if (!isAssignable) {
    throw new RefusedError(
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      `Partitions count from 0 and can only be assigned to broker ${nodeId}, the only one.`,
    );
  }
  if (assignments.length === 0 && replicationFactor !== brokersDefault && replicationFactor !== replicas) {
    throw new RefusedError(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Replication factor: ${replicationFactor}, but there is 1 broker.`,
    );
  }
}

function toConfig(configs: CreatableTopic['configs']): TopicConfig {
  const given = configs.filter(
    (config): config is typeof config & { value: string } => config.value !== null,
  );
  return Object.fromEntries(given.map(({ name, value }) => [name, value]));
}

export function deleteTopics({ topics }: Services): Handler<typeof deleteTopicsApi> {
  async function remove(topic: Topic | undefined, byId: boolean): Promise<void> {
    if (topic === undefined) {
      const code = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      throw new RefusedError(code, 'There is no such topic.');
    }
    await topics.delete(topic);
  }

  return async (request) => {
    const asked = [...request.topics, ...request.topicNames.map((name) => ({ name, topicId: noTopicId }))];
    const answers = [];
    for (const { name, topicId } of asked) {
      const topic = name === null ? topics.getById(topicId) : topics.get(name);
      const { errorCode, errorMessage } = await attempt(() => remove(topic, name === null));
      answers.push({
        name: topic?.name ?? name,
        topicId: topic?.id ?? topicId,
        errorCode,
        errorMessage,
      });
    }
    return { topics: answers };
  };
}

export function createPartitions({ topics }: Services): Handler<typeof createPartitionsApi> {
  type Growth = RequestOf<typeof createPartitionsApi>['topics'][number];

  async function grow({ name, count, assignments }: Growth, validateOnly: boolean): Promise<void> {
    const topic = topics.get(name);
    if (topic === undefined) {
      throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.');
    }
    topics.checkGrowth(topic, count);
    const isAssignable = assignments?.every(
      ({ brokerIds }) => brokerIds.length === replicas && brokerIds[0] === nodeId,
    );
    if (isAssignable === false || (assignments && assignments.length !== count - topic.partitions.length)) {
      throw new RefusedError(
        ErrorCode.INVALID_REPLICA_ASSIGNMENT,
        `Each new partition needs one assignment, to broker ${nodeId}, the only one.`,
      );
    }
    if (!validateOnly) await topics.grow(topic, count);
  }

  return async (request) => {
    const answers = [];
    for (const growth of request.topics) {
      const { errorCode, errorMessage } = await attempt(() => grow(growth, request.validateOnly));
      answers.push({ name: growth.name, errorCode, errorMessage });
    }
    return { topics: answers };
  };
}

const upToHighWatermark = -1;

export function deleteRecords({ topics }: Services): Handler<typeof deleteRecordsApi> {
  async function moveStart(name: string, partition: number, offset: number): Promise<number> {
    const topic = topics.get(name);
    const log = topic?.partitions[partition];
    if (topic === undefined || log === undefined) {
      throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such partition.');
    }
    const start = offset === upToHighWatermark ? log.highWatermark : offset;
    if (start < 0 || start > log.highWatermark) {
      throw new RefusedError(ErrorCode.OFFSET_OUT_OF_RANGE, `The log ends at ${log.highWatermark}.`);
    }
    if (start > log.startOffset) await topics.moveStart(topic, partition, start);
    return log.startOffset;
  }

  return async (request) => {
    const answers = [];
    for (const { name, partitions } of request.topics) {
      const moved = [];
      for (const { index, offset } of partitions) {
        const { errorCode, value = -1 } = await attempt(() => moveStart(name, index, offset));
        moved.push({ index, errorCode, lowWatermark: value });
      }
      answers.push({ name, partitions: moved });
    }
    return { topics: answers };
  };
}

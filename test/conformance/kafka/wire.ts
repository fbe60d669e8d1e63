import { fetchApi } from '../../../libs/embedded-kafka/src/protocol/messages/fetch.js';
import { listOffsetsApi } from '../../../libs/embedded-kafka/src/protocol/messages/list-offsets.js';
import { metadataApi } from '../../../libs/embedded-kafka/src/protocol/messages/metadata.js';
import { produceApi } from '../../../libs/embedded-kafka/src/protocol/messages/produce.js';
import type { RawClient } from '../../../libs/embedded-kafka/test-support/raw-client.js';

export { ErrorCode } from '../../../libs/embedded-kafka/src/protocol/errors.js';
export { RawClient } from '../../../libs/embedded-kafka/test-support/raw-client.js';
export {
  decodeBatches,
  encodeBatch,
  type BatchOptions,
} from '../../../libs/embedded-kafka/test-support/record-batches.js';
export { eventually } from '../../../libs/embedded-kafka/test-support/eventually.js';
export { Collector } from '../../../libs/embedded-kafka/test-support/collector.js';

export const everybody = -1;
/** Stands for a topic's id where the topic is named. */
export const noId = '00000000-0000-0000-0000-000000000000';

/** Sends what is given as the records of one partition; answers with the partition's part of the response. */
export async function produce(
  client: RawClient,
  topic: string,
  records: Buffer | null,
  { partition = 0, acks = everybody, version = 11 } = {},
) {
  const { topics } = await client.send(produceApi, version, {
    transactionalId: null,
    acks,
    timeoutMs: 5000,
    topics: [
      { name: topic, partitions: [{ index: partition, records: records === null ? null : [records] }] },
    ],
  });
  return topics[0]!.partitions[0]!;
}

export interface FetchOptions {
  readonly partition?: number;
  readonly offset?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly currentLeaderEpoch?: number;
}

/** Asks for records of one partition; answers with the partition's part of the response. */
export async function fetchFrom(client: RawClient, topic: string, options: FetchOptions = {}) {
  const { partition = 0, offset = 0, maxBytes = 1_000_000 } = options;
  const { topics } = await client.send(fetchApi, 11, {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes,
    isolationLevel: 0,
    topics: [
      {
        name: topic,
        topicId: noId,
        partitions: [
          {
            index: partition,
            fetchOffset: offset,
            currentLeaderEpoch: options.currentLeaderEpoch ?? -1,
            maxBytes: options.partitionMaxBytes ?? maxBytes,
          },
        ],
      },
    ],
    forgottenTopics: [],
    rackId: '',
  });
  return topics[0]!.partitions[0]!;
}

/** Asks for an offset by time, or with -1 for the end, -2 for the beginning, -3 for the youngest record. */
export async function offsetAt(client: RawClient, topic: string, timestamp: number, partition = 0) {
  const { topics } = await client.send(listOffsetsApi, 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ index: partition, timestamp }] }],
  });
  return topics[0]!.partitions[0]!;
}

/** The description of one topic, asked for by its name or its id. */
export async function describeTopic(
  client: RawClient,
  asked: { readonly name: string } | { readonly topicId: string },
  allowAutoTopicCreation = false,
) {
  const { topics } = await client.send(metadataApi, 12, {
    topics: [{ topicId: noId, name: null, ...asked }],
    allowAutoTopicCreation,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return topics[0]!;
}

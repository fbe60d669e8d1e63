import type { Api } from '../src/protocol/api.js';
import { alterConfigsApi } from '../src/protocol/messages/alter-configs.js';
import { apiVersionsApi } from '../src/protocol/messages/api-versions.js';
import { createPartitionsApi } from '../src/protocol/messages/create-partitions.js';
import { createTopicsApi } from '../src/protocol/messages/create-topics.js';
import { deleteGroupsApi } from '../src/protocol/messages/delete-groups.js';
import { deleteRecordsApi } from '../src/protocol/messages/delete-records.js';
import { deleteTopicsApi } from '../src/protocol/messages/delete-topics.js';
import { describeClusterApi } from '../src/protocol/messages/describe-cluster.js';
import { describeConfigsApi } from '../src/protocol/messages/describe-configs.js';
import { describeGroupsApi } from '../src/protocol/messages/describe-groups.js';
import { describeLogDirsApi } from '../src/protocol/messages/describe-log-dirs.js';
import { fetchApi } from '../src/protocol/messages/fetch.js';
import { findCoordinatorApi } from '../src/protocol/messages/find-coordinator.js';
import { heartbeatApi } from '../src/protocol/messages/heartbeat.js';
import { incrementalAlterConfigsApi } from '../src/protocol/messages/incremental-alter-configs.js';
import { initProducerIdApi } from '../src/protocol/messages/init-producer-id.js';
import { joinGroupApi } from '../src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../src/protocol/messages/leave-group.js';
import { listGroupsApi } from '../src/protocol/messages/list-groups.js';
import { listOffsetsApi } from '../src/protocol/messages/list-offsets.js';
import { listPartitionReassignmentsApi } from '../src/protocol/messages/list-partition-reassignments.js';
import { metadataApi } from '../src/protocol/messages/metadata.js';
import { offsetCommitApi } from '../src/protocol/messages/offset-commit.js';
import { offsetDeleteApi } from '../src/protocol/messages/offset-delete.js';
import { offsetFetchApi } from '../src/protocol/messages/offset-fetch.js';
import { offsetForLeaderEpochApi } from '../src/protocol/messages/offset-for-leader-epoch.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { syncGroupApi } from '../src/protocol/messages/sync-group.js';
import type { Draft, Fields } from '../src/protocol/schema.js';
import { encodeBatch } from './record-batches.js';

export interface RequestSample {
  readonly api: Api;
  readonly request: Draft<Fields>;
}

function sample<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  request: Draft<Request>,
): RequestSample {
  return { api, request };
}

/** The topic and group that the samples are about. */
export const sampleTopic = 'sample-topic';
export const sampleGroup = 'sample-group';
/** Members in samples never come back, so a broker should allow this short time-out. */
export const sampleSessionTimeoutMs = 50;

const topicId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const name = sampleTopic;
const member = { groupId: sampleGroup, memberId: 'member', groupInstanceId: null, generationId: 1 };
const topicResource = { type: 2, name };

/** One sensible request of every kind; each can be sent in all versions. */
export const requestSamples: readonly RequestSample[] = [
  sample(apiVersionsApi, { clientSoftwareName: 'sample', clientSoftwareVersion: '1.0' }),
  sample(metadataApi, {
    topics: [{ topicId, name }],
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  }),
  sample(produceApi, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name, partitions: [{ index: 0, records: [encodeBatch(['one', 'two'])] }] }],
  }),
  sample(fetchApi, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 100_000,
    isolationLevel: 1,
    topics: [{ name, topicId, partitions: [{ index: 0, fetchOffset: 0, maxBytes: 100_000 }] }],
    forgottenTopics: [{ name, topicId, partitions: [1] }],
    rackId: 'rack',
  }),
  sample(listOffsetsApi, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions: [-1, -2, -3, -4, -5, 0].map((timestamp) => ({ index: 0, timestamp })) }],
  }),
  sample(offsetForLeaderEpochApi, {
    topics: [{ name, partitions: [{ index: 0, currentLeaderEpoch: 0, leaderEpoch: 0 }] }],
  }),
  sample(initProducerIdApi, { transactionalId: null, transactionTimeoutMs: 1000 }),
  sample(findCoordinatorApi, { key: sampleGroup, keys: [sampleGroup, 'another'] }),
  sample(joinGroupApi, {
    groupId: sampleGroup,
    sessionTimeoutMs: sampleSessionTimeoutMs,
    rebalanceTimeoutMs: sampleSessionTimeoutMs,
    memberId: '',
    groupInstanceId: 'instance',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('000100000000', 'hex') }],
    reason: 'sample',
  }),
  sample(syncGroupApi, {
    ...member,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId: 'member', assignment: Buffer.from('assignment') }],
  }),
  sample(heartbeatApi, member),
  sample(offsetCommitApi, {
    ...member,
    topics: [{ name, partitions: [{ index: 0, offset: 1, metadata: 'metadata' }] }],
  }),
  sample(offsetFetchApi, {
    groupId: sampleGroup,
    topics: [{ name, partitions: [0] }],
    groups: [{ groupId: sampleGroup, memberId: null, topics: null }],
    requireStable: true,
  }),
  sample(leaveGroupApi, {
    groupId: sampleGroup,
    memberId: 'member',
    members: [{ memberId: '', groupInstanceId: 'instance', reason: 'sample' }],
  }),
  sample(describeGroupsApi, { groups: [sampleGroup, 'unknown'], includeAuthorizedOperations: true }),
  sample(listGroupsApi, { statesFilter: ['Stable', 'Empty'], typesFilter: ['classic'] }),
  sample(offsetDeleteApi, { groupId: sampleGroup, topics: [{ name, partitions: [{ index: 0 }] }] }),
  sample(deleteGroupsApi, { groups: ['unknown'] }),
  sample(createTopicsApi, {
    topics: [
      {
        name: 'another-topic',
        partitions: 1,
        replicationFactor: -1,
        assignments: [],
        configs: [{ name: 'retention.ms', value: '1000' }],
      },
    ],
    timeoutMs: 1000,
    validateOnly: false,
  }),
  sample(createPartitionsApi, {
    topics: [{ name, count: 4, assignments: null }],
    timeoutMs: 1000,
    validateOnly: true,
  }),
  sample(deleteRecordsApi, { topics: [{ name, partitions: [{ index: 0, offset: 0 }] }], timeoutMs: 1000 }),
  sample(deleteTopicsApi, {
    topics: [{ name: null, topicId }],
    topicNames: ['another-topic'],
    timeoutMs: 1000,
  }),
  sample(describeConfigsApi, {
    resources: [
      { ...topicResource, keys: null },
      { type: 4, name: '1', keys: ['num.partitions'] },
    ],
    includeSynonyms: true,
    includeDocumentation: true,
  }),
  sample(alterConfigsApi, {
    resources: [{ ...topicResource, configs: [{ name: 'retention.ms', value: '60000' }] }],
    validateOnly: false,
  }),
  sample(incrementalAlterConfigsApi, {
    resources: [{ ...topicResource, configs: [{ name: 'retention.ms', operation: 1, value: null }] }],
    validateOnly: false,
  }),
  sample(describeLogDirsApi, { topics: [{ name, partitions: [0] }] }),
  sample(listPartitionReassignmentsApi, { timeoutMs: 1000, topics: null }),
  sample(describeClusterApi, { includeClusterAuthorizedOperations: true }),
];

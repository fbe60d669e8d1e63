import { alterConfigsApi } from '../protocol/messages/alter-configs.js';
import { apiVersionsApi } from '../protocol/messages/api-versions.js';
import { createPartitionsApi } from '../protocol/messages/create-partitions.js';
import { createTopicsApi } from '../protocol/messages/create-topics.js';
import { deleteGroupsApi } from '../protocol/messages/delete-groups.js';
import { deleteRecordsApi } from '../protocol/messages/delete-records.js';
import { deleteTopicsApi } from '../protocol/messages/delete-topics.js';
import { describeClusterApi } from '../protocol/messages/describe-cluster.js';
import { describeConfigsApi } from '../protocol/messages/describe-configs.js';
import { describeGroupsApi } from '../protocol/messages/describe-groups.js';
import { describeLogDirsApi } from '../protocol/messages/describe-log-dirs.js';
import { fetchApi } from '../protocol/messages/fetch.js';
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.js';
import { heartbeatApi } from '../protocol/messages/heartbeat.js';
import { incrementalAlterConfigsApi } from '../protocol/messages/incremental-alter-configs.js';
import { initProducerIdApi } from '../protocol/messages/init-producer-id.js';
import { joinGroupApi } from '../protocol/messages/join-group.js';
import { leaveGroupApi } from '../protocol/messages/leave-group.js';
import { listGroupsApi } from '../protocol/messages/list-groups.js';
import { listOffsetsApi } from '../protocol/messages/list-offsets.js';
import { listPartitionReassignmentsApi } from '../protocol/messages/list-partition-reassignments.js';
import { metadataApi } from '../protocol/messages/metadata.js';
import { offsetCommitApi } from '../protocol/messages/offset-commit.js';
import { offsetDeleteApi } from '../protocol/messages/offset-delete.js';
import { offsetFetchApi } from '../protocol/messages/offset-fetch.js';
import { offsetForLeaderEpochApi } from '../protocol/messages/offset-for-leader-epoch.js';
import { produceApi } from '../protocol/messages/produce.js';
import { syncGroupApi } from '../protocol/messages/sync-group.js';
import { answerApiVersions } from './api-versions.js';
import { describeCluster, listPartitionReassignments, metadata } from './cluster.js';
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from './configs.js';
import { fetch } from './fetch.js';
import {
  deleteGroups,
  describeGroups,
  findCoordinator,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
} from './groups.js';
import { route, type Route, type Services } from './handler.js';
import { offsetForLeaderEpoch } from './leader-epochs.js';
import { listOffsets } from './list-offsets.js';
import { describeLogDirs } from './log-dirs.js';
import { offsetCommit, offsetDelete, offsetFetch } from './offsets.js';
import { produce } from './produce.js';
import { initProducerId } from './producer-ids.js';
import { createPartitions, createTopics, deleteRecords, deleteTopics } from './topics.js';

/** Every kind of request that this broker answers. */
export function routes(services: Services): Route[] {
  const all: Route[] = [
    route(produceApi, produce(services)),
    route(fetchApi, fetch(services)),
    route(listOffsetsApi, listOffsets(services)),
    route(metadataApi, metadata(services)),
    route(offsetCommitApi, offsetCommit(services)),
    route(offsetFetchApi, offsetFetch(services)),
    route(findCoordinatorApi, findCoordinator()),
    route(joinGroupApi, joinGroup(services)),
    route(heartbeatApi, heartbeat(services)),
    route(leaveGroupApi, leaveGroup(services)),
    route(syncGroupApi, syncGroup(services)),
    route(describeGroupsApi, describeGroups(services)),
    route(listGroupsApi, listGroups(services)),
    route(createTopicsApi, createTopics(services)),
    route(deleteTopicsApi, deleteTopics(services)),
    route(deleteRecordsApi, deleteRecords(services)),
    route(initProducerIdApi, initProducerId(services)),
    route(offsetForLeaderEpochApi, offsetForLeaderEpoch(services)),
    route(describeConfigsApi, describeConfigs(services)),
    route(alterConfigsApi, alterConfigs(services)),
    route(describeLogDirsApi, describeLogDirs(services)),
    route(createPartitionsApi, createPartitions(services)),
    route(deleteGroupsApi, deleteGroups(services)),
    route(incrementalAlterConfigsApi, incrementalAlterConfigs(services)),
    route(listPartitionReassignmentsApi, listPartitionReassignments()),
    route(offsetDeleteApi, offsetDelete(services)),
    route(describeClusterApi, describeCluster(services)),
  ];
  all.push(route(apiVersionsApi, answerApiVersions(all)));
  return all;
}

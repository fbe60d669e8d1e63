import { api } from '../api.js';
import {
  array,
  boolean,
  int16,
  int32,
  list,
  nullableArray,
  nullableString,
  string,
  uuid,
} from '../schema.js';

/** Stands for "not asked for" where authorized operations are reported; this broker has no ACLs. */
const operationsNotReported = -(2 ** 31);

export const metadataApi = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 12],
  flexibleFrom: 9,
  request: {
    topics: nullableArray({ topicId: uuid('10+'), name: nullableString() }),
    allowAutoTopicCreation: boolean('4+', true),
    includeClusterAuthorizedOperations: boolean('8-10'),
    includeTopicAuthorizedOperations: boolean('8+'),
  },
  response: {
    throttleTimeMs: int32('3+', 0),
    brokers: array({ nodeId: int32(), host: string(), port: int32(), rack: nullableString('1+', null) }),
    clusterId: nullableString('2+'),
    controllerId: int32('1+'),
    topics: array({
      errorCode: int16(),
      name: nullableString(),
      topicId: uuid('10+'),
      isInternal: boolean('1+', false),
      partitions: array({
        errorCode: int16(),
        index: int32(),
        leaderId: int32(),
        leaderEpoch: int32('7+'),
        replicaNodes: list(int32()),
        isrNodes: list(int32()),
        offlineReplicas: list(int32(), '5+'),
      }),
      authorizedOperations: int32('8+', operationsNotReported),
    }),
    clusterAuthorizedOperations: int32('8-10', operationsNotReported),
  },
});

import { api } from '../api.js';
import { array, int16, int32, list, nullableArray, nullableString, string } from '../schema.js';

export const listPartitionReassignmentsApi = api({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    timeoutMs: int32(),
    topics: nullableArray({ name: string(), partitions: list(int32()) }),
  },
  response: {
    throttleTimeMs: int32('0+', 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        replicas: list(int32()),
        addingReplicas: list(int32()),
        removingReplicas: list(int32()),
      }),
    }),
  },
});

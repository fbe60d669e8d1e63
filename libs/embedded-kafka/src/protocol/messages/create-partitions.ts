import { api } from '../api.js';
import { array, boolean, int16, int32, list, nullableArray, nullableString, string } from '../schema.js';

export const createPartitionsApi = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: array({
      name: string(),
      count: int32(),
      assignments: nullableArray({ brokerIds: list(int32()) }),
    }),
    timeoutMs: int32(),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32('0+', 0),
    topics: array({ name: string(), errorCode: int16(), errorMessage: nullableString() }),
  },
});

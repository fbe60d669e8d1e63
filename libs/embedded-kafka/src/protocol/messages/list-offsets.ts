import { api } from '../api.js';
import { array, int16, int32, int64, int8, string } from '../schema.js';

export const listOffsetsApi = api({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 9],
  flexibleFrom: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8('2+'),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        currentLeaderEpoch: int32('4+', -1),
        timestamp: int64(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('2+', 0),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        timestamp: int64(),
        offset: int64(),
        leaderEpoch: int32('4+'),
      }),
    }),
  },
});

import { api } from '../api.js';
import { array, int16, int32, int64, string } from '../schema.js';

export const offsetForLeaderEpochApi = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: int32('3+', -2),
    topics: array({
      name: string(),
      partitions: array({ index: int32(), currentLeaderEpoch: int32(), leaderEpoch: int32() }),
    }),
  },
  response: {
    throttleTimeMs: int32('2+', 0),
    topics: array({
      name: string(),
      partitions: array({
        errorCode: int16(),
        index: int32(),
        leaderEpoch: int32(),
        endOffset: int64(),
      }),
    }),
  },
});

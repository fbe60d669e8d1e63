import { api } from '../api.js';
import { array, int16, int32, int64, nullableString, string } from '../schema.js';

export const offsetCommitApi = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 9],
  flexibleFrom: 8,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullableString('7+'),
    retentionTimeMs: int64('2-4', -1),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        offset: int64(),
        leaderEpoch: int32('6+', -1),
        metadata: nullableString(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('3+', 0),
    topics: array({ name: string(), partitions: array({ index: int32(), errorCode: int16() }) }),
  },
});

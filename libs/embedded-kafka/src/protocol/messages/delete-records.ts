import { api } from '../api.js';
import { array, int16, int32, int64, string } from '../schema.js';

export const deleteRecordsApi = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: array({ name: string(), partitions: array({ index: int32(), offset: int64() }) }),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32('0+', 0),
    topics: array({
      name: string(),
      partitions: array({ index: int32(), lowWatermark: int64(), errorCode: int16() }),
    }),
  },
});

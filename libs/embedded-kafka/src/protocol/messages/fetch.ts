import { api } from '../api.js';
import { array, int16, int32, int64, int8, list, nullableArray, records, string, uuid } from '../schema.js';

export const fetchApi = api({
  key: 1,
  name: 'Fetch',
  versions: [4, 17],
  flexibleFrom: 12,
  request: {
    replicaId: int32('0-14', -1),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32(),
    isolationLevel: int8(),
    sessionId: int32('7+', 0),
    sessionEpoch: int32('7+', -1),
    topics: array({
      name: string('0-12'),
      topicId: uuid('13+'),
      partitions: array({
        index: int32(),
        currentLeaderEpoch: int32('9+', -1),
        fetchOffset: int64(),
        lastFetchedEpoch: int32('12+', -1),
        logStartOffset: int64('5+', -1),
        maxBytes: int32(),
      }),
    }),
    forgottenTopics: array({ name: string('7-12'), topicId: uuid('13+'), partitions: list(int32()) }, '7+'),
    rackId: string('11+'),
  },
  response: {
    throttleTimeMs: int32('1+', 0),
    errorCode: int16('7+'),
    sessionId: int32('7+', 0),
    topics: array({
      name: string('0-12'),
      topicId: uuid('13+'),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64(),
        logStartOffset: int64('5+'),
        abortedTransactions: nullableArray({ producerId: int64(), firstOffset: int64() }),
        preferredReadReplica: int32('11+', -1),
        records: records(),
      }),
    }),
  },
});

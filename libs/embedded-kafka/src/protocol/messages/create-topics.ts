import { api } from '../api.js';
import {
  array,
  boolean,
  int16,
  int32,
  int8,
  list,
  nullableArray,
  nullableString,
  string,
  uuid,
} from '../schema.js';

export const createTopicsApi = api({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: array({
      name: string(),
      partitions: int32(),
      replicationFactor: int16(),
      assignments: array({ partition: int32(), brokerIds: list(int32()) }),
      configs: array({ name: string(), value: nullableString() }),
    }),
    timeoutMs: int32(),
    validateOnly: boolean('1+'),
  },
  response: {
    throttleTimeMs: int32('2+', 0),
    topics: array({
      name: string(),
      topicId: uuid('7+'),
      errorCode: int16(),
      errorMessage: nullableString('1+'),
      partitions: int32('5+'),
      replicationFactor: int16('5+'),
      configs: nullableArray(
        {
          name: string(),
          value: nullableString(),
          readOnly: boolean(),
          source: int8(),
          isSensitive: boolean(),
        },
        '5+',
      ),
    }),
  },
});

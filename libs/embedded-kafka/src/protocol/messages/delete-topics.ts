import { api } from '../api.js';
import { array, int16, int32, list, nullableString, string, uuid } from '../schema.js';

/** Names only up to version 5, names or ids from version 6 on. */
export const deleteTopicsApi = api({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request: {
    topics: array({ name: nullableString(), topicId: uuid() }, '6+'),
    topicNames: list(string(), '0-5'),
    timeoutMs: int32(),
  },
  response: {
    throttleTimeMs: int32('1+', 0),
    topics: array({
      name: nullableString(),
      topicId: uuid('6+'),
      errorCode: int16(),
      errorMessage: nullableString('5+'),
    }),
  },
});

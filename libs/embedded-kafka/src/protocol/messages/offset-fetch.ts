import { api } from '../api.js';
import {
  array,
  boolean,
  int16,
  int32,
  int64,
  list,
  nullableArray,
  nullableString,
  string,
} from '../schema.js';

/** One group up to version 7, any number of groups from version 8 on. */
export const offsetFetchApi = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 9],
  flexibleFrom: 6,
  request: {
    groupId: string('0-7'),
    topics: nullableArray({ name: string(), partitions: list(int32()) }, '0-7'),
    groups: array(
      {
        groupId: string(),
        memberId: nullableString('9+'),
        memberEpoch: int32('9+', -1),
        topics: nullableArray({ name: string(), partitions: list(int32()) }),
      },
      '8+',
    ),
    requireStable: boolean('7+'),
  },
  response: {
    throttleTimeMs: int32('3+', 0),
    topics: array(
      {
        name: string(),
        partitions: array({
          index: int32(),
          offset: int64(),
          leaderEpoch: int32('5-7'),
          metadata: nullableString(),
          errorCode: int16(),
        }),
      },
      '0-7',
    ),
    errorCode: int16('2-7'),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string(),
          partitions: array({
            index: int32(),
            offset: int64(),
            leaderEpoch: int32(),
            metadata: nullableString(),
            errorCode: int16(),
          }),
        }),
        errorCode: int16(),
      },
      '8+',
    ),
  },
});

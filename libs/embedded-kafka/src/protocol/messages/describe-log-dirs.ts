import { api } from '../api.js';
import { array, boolean, int16, int32, int64, list, nullableArray, string } from '../schema.js';

export const describeLogDirsApi = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 4],
  flexibleFrom: 2,
  request: { topics: nullableArray({ name: string(), partitions: list(int32()) }) },
  response: {
    throttleTimeMs: int32('0+', 0),
    errorCode: int16('3+'),
    folders: array({
      errorCode: int16(),
      path: string(),
      topics: array({
        name: string(),
        partitions: array({
          index: int32(),
          size: int64(),
          offsetLag: int64('0+', 0),
          isFuture: boolean('0+', false),
        }),
      }),
      totalBytes: int64('4+'),
      usableBytes: int64('4+'),
    }),
  },
});

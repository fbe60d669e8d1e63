import { api } from '../api.js';
import { array, int16, int32, int8, list, nullableString, string } from '../schema.js';

/** One key up to version 3, any number of keys from version 4 on. */
export const findCoordinatorApi = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleFrom: 3,
  request: {
    key: string('0-3'),
    keyType: int8('1+', 0),
    keys: list(string(), '4+'),
  },
  response: {
    throttleTimeMs: int32('1+', 0),
    errorCode: int16('0-3'),
    errorMessage: nullableString('1-3'),
    nodeId: int32('0-3'),
    host: string('0-3'),
    port: int32('0-3'),
    coordinators: array(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      },
      '4+',
    ),
  },
});

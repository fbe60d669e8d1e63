import { api } from '../api.js';
import { array, int16, int32, string } from '../schema.js';

export const apiVersionsApi = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexibleFrom: 3,
  request: { clientSoftwareName: string('3+'), clientSoftwareVersion: string('3+') },
  response: {
    errorCode: int16(),
    apis: array({ key: int16(), minVersion: int16(), maxVersion: int16() }),
    throttleTimeMs: int32('1+', 0),
  },
});

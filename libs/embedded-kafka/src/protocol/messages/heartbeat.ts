import { api } from '../api.js';
import { int16, int32, nullableString, string } from '../schema.js';

export const heartbeatApi = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: nullableString('3+'),
  },
  response: { throttleTimeMs: int32('1+', 0), errorCode: int16() },
});

import { api } from '../api.js';
import { array, boolean, bytes, int16, int32, nullableString, string } from '../schema.js';

export const joinGroupApi = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32('1+', -1),
    memberId: string(),
    groupInstanceId: nullableString('5+'),
    protocolType: string(),
    protocols: array({ name: string(), metadata: bytes() }),
    reason: nullableString('8+'),
  },
  response: {
    throttleTimeMs: int32('2+', 0),
    errorCode: int16(),
    generationId: int32(),
    protocolType: nullableString('7+'),
    /** Null is allowed from version 7 on; earlier versions want an empty string instead. */
    protocolName: nullableString(),
    leader: string(),
    skipAssignment: boolean('9+', false),
    memberId: string(),
    members: array({ memberId: string(), groupInstanceId: nullableString('5+'), metadata: bytes() }),
  },
});

import { api } from '../api.js';
import { array, int16, int32, nullableString, string } from '../schema.js';

/** One member up to version 2, any number of members from version 3 on. */
export const leaveGroupApi = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string(),
    memberId: string('0-2'),
    members: array(
      { memberId: string(), groupInstanceId: nullableString(), reason: nullableString('5+') },
      '3+',
    ),
  },
  response: {
    throttleTimeMs: int32('1+', 0),
    errorCode: int16(),
    members: array({ memberId: string(), groupInstanceId: nullableString(), errorCode: int16() }, '3+'),
  },
});

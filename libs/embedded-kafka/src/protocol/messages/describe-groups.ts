import { api } from '../api.js';
import { array, boolean, bytes, int16, int32, list, nullableString, string } from '../schema.js';

export const describeGroupsApi = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 5],
  flexibleFrom: 5,
  request: { groups: list(string()), includeAuthorizedOperations: boolean('3+') },
  response: {
    throttleTimeMs: int32('1+', 0),
    groups: array({
      errorCode: int16(),
      groupId: string(),
      state: string(),
      protocolType: string(),
      protocolName: string(),
      members: array({
        memberId: string(),
        groupInstanceId: nullableString('4+'),
        clientId: string(),
        clientHost: string(),
        metadata: bytes(),
        assignment: bytes(),
      }),
      authorizedOperations: int32('3+', -(2 ** 31)),
    }),
  },
});

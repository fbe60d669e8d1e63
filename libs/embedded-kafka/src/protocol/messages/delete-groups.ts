import { api } from '../api.js';
import { array, int16, int32, list, string } from '../schema.js';

export const deleteGroupsApi = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: { groups: list(string()) },
  response: {
    throttleTimeMs: int32('0+', 0),
    groups: array({ groupId: string(), errorCode: int16() }),
  },
});

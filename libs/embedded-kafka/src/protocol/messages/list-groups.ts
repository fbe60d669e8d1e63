import { api } from '../api.js';
import { array, int16, int32, list, string } from '../schema.js';

export const listGroupsApi = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: { statesFilter: list(string(), '4+'), typesFilter: list(string(), '5+') },
  response: {
    throttleTimeMs: int32('1+', 0),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      state: string('4+'),
      type: string('5+'),
    }),
  },
});

import { api } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, string } from '../schema.js';

/** Replaces all configuration of a resource: what is not named goes back to its default. */
export const alterConfigsApi = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: array({
      type: int8(),
      name: string(),
      configs: array({ name: string(), value: nullableString() }),
    }),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32('0+', 0),
    resources: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      type: int8(),
      name: string(),
    }),
  },
});

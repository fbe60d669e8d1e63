import { api } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, string } from '../schema.js';

/** Changes only the configuration that it names. */
export const incrementalAlterConfigsApi = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: array({
      type: int8(),
      name: string(),
      configs: array({ name: string(), operation: int8(), value: nullableString() }),
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

import { api } from '../api.js';
import { array, boolean, int16, int32, int8, nullableList, nullableString, string } from '../schema.js';

export const describeConfigsApi = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: array({ type: int8(), name: string(), keys: nullableList(string()) }),
    includeSynonyms: boolean('1+'),
    includeDocumentation: boolean('3+'),
  },
  response: {
    throttleTimeMs: int32('0+', 0),
    resources: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      type: int8(),
      name: string(),
      configs: array({
        name: string(),
        value: nullableString(),
        readOnly: boolean(),
        source: int8('1+'),
        isSensitive: boolean('0+', false),
        synonyms: array({ name: string(), value: nullableString(), source: int8() }, '1+'),
        type: int8('3+'),
        documentation: nullableString('3+'),
      }),
    }),
  },
});

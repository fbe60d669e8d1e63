import { api } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, string } from '../schema.js';

export const describeClusterApi = api({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 1],
  flexibleFrom: 0,
  request: { includeClusterAuthorizedOperations: boolean(), endpointType: int8('1+', 1) },
  response: {
    throttleTimeMs: int32('0+', 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    endpointType: int8('1+', 1),
    clusterId: string(),
    controllerId: int32(),
    brokers: array({ nodeId: int32(), host: string(), port: int32(), rack: nullableString('0+', null) }),
    clusterAuthorizedOperations: int32('0+', -(2 ** 31)),
  },
});

import { api } from '../api.js';
import { array, int16, int32, int64, nullableString, records, string } from '../schema.js';

/**
 * From version 3 on, records are batches of format 2, the only one this broker stores. Version 0 is announced
 * nevertheless, as Apache Kafka 4 does: librdkafka takes its absence for a broker that knows no gzip, snappy or lz4.
 */
export const produceApi = api({
  key: 0,
  name: 'Produce',
  versions: [3, 11],
  announcedFrom: 0,
  flexibleFrom: 9,
  request: {
    transactionalId: nullableString(),
    acks: int16(),
    timeoutMs: int32(),
    topics: array({
      name: string(),
      partitions: array({ index: int32(), records: records() }),
    }),
  },
  response: {
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64('2+', -1),
        logStartOffset: int64('5+'),
        recordErrors: array({ batchIndex: int32(), errorMessage: nullableString() }, '8+'),
        errorMessage: nullableString('8+'),
      }),
    }),
    throttleTimeMs: int32('1+', 0),
  },
});

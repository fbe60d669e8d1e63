import { routes } from '../handlers/routes.js';
import type { Services } from '../handlers/handler.js';
import { MalformedMessageError } from './errors.js';
import { fetchApi } from './messages/fetch.js';
import { findCoordinatorApi } from './messages/find-coordinator.js';
import { metadataApi } from './messages/metadata.js';
import { produceApi } from './messages/produce.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

function encode(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.concat(writer.finish());
}

const hex = (...parts: string[]) => parts.join('').replaceAll(' ', '');

test('Metadata version 1 is as the protocol guide says', () => {
  const request = encode((writer) =>
    metadataApi.writeRequest(1, writer, {
      topics: [{ topicId: '', name: 'ab' }],
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }),
  );
  expect(request.toString('hex')).toBe(hex('00000001', '0002 6162'));
  const response = encode((writer) =>
    metadataApi.writeResponse(1, writer, {
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      clusterId: 'only from version 2 on',
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: 'ab',
          topicId: '',
          partitions: [
            {
              errorCode: 0,
              index: 0,
              leaderId: 1,
              leaderEpoch: 0,
              replicaNodes: [1],
              isrNodes: [1],
              offlineReplicas: [],
            },
          ],
        },
      ],
    }),
  );
  expect(response.toString('hex')).toBe(
    hex(
      '00000001 00000001 0001 68 00002384 ffff',
      '00000001',
      '00000001 0000 0002 6162 00',
      '00000001 0000 00000000 00000001 00000001 00000001 00000001 00000001',
    ),
  );
});

test('a flexible version has compact lengths and tagged fields', () => {
  const request = encode((writer) => findCoordinatorApi.writeRequest(4, writer, { key: '', keys: ['ab'] }));
  expect(request.toString('hex')).toBe(hex('00', '02 03 6162', '00'));
});

test('tagged fields of a request are skipped', () => {
  const withTag = Buffer.from(hex('00', '02 03 6162', '01 07 02 ffff'), 'hex');
  const reader = new Reader(withTag);
  expect(findCoordinatorApi.readRequest(4, reader)).toEqual({ key: '', keyType: 0, keys: ['ab'] });
  expect(reader.remaining).toBe(0);
});

test('a field that a version lacks has its fallback', () => {
  const bytes = encode((writer) =>
    fetchApi.writeRequest(4, writer, {
      maxWaitMs: 1,
      minBytes: 2,
      maxBytes: 3,
      isolationLevel: 0,
      topics: [],
      forgottenTopics: [],
      rackId: 'left out',
    }),
  );
  expect(fetchApi.readRequest(4, new Reader(bytes))).toMatchObject({
    sessionId: 0,
    sessionEpoch: -1,
    forgottenTopics: [],
    rackId: '',
  });
});

test('records are a view of the frame', () => {
  const records = Buffer.from('pretend these are records');
  const frame = encode((writer) =>
    produceApi.writeRequest(9, writer, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 0,
      topics: [
        { name: 't', partitions: [{ index: 0, records: [records.subarray(0, 7), records.subarray(7)] }] },
      ],
    }),
  );
  const read = produceApi.readRequest(9, new Reader(frame)).topics[0]!.partitions[0]!.records!;
  expect(read).toEqual(records);
  expect(read.buffer).toBe(frame.buffer);
});

test('null is refused where a value is required', () => {
  expect(() => findCoordinatorApi.readRequest(0, new Reader(Buffer.from('ffff', 'hex')))).toThrow(
    MalformedMessageError,
  );
});

test('every version of every request and response that is announced can be written and read', () => {
  for (const { api } of routes({} as Services)) {
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      for (const direction of ['Request', 'Response'] as const) {
        // Every field is left out, so that its fallback is written.
        const empty = encode((writer) => api[`write${direction}`](version, writer, {}));
        const reader = new Reader(empty);
        const message = api[`read${direction}`](version, reader);
        expect(reader.remaining).toBe(0);
        const again = encode((writer) => api[`write${direction}`](version, writer, message));
        expect(again).toEqual(empty);
      }
    }
  }
});

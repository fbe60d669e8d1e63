/**
 * The records of the journal. Sequences are those of the message index; a unit of work has an identifier of
 * the same kind, 0 standing for none.
 */
import { RECORD_HEADER } from './journal.js';
import { DESCRIPTOR_LENGTH } from './message-descriptor.js';

export const RecordType = { PUT: 1, COMMIT: 2, BACKOUT: 3 } as const;

const At = {
  TYPE: RECORD_HEADER,
  PERSISTENT: RECORD_HEADER + 1,
  QUEUE: RECORD_HEADER + 4,
  SEQUENCE: RECORD_HEADER + 8,
  UNIT_OF_WORK: RECORD_HEADER + 16,
  EXPIRY: RECORD_HEADER + 24,
  BACKOUT_COUNT: RECORD_HEADER + 32,
  PROPERTIES_LENGTH: RECORD_HEADER + 36,
  DESCRIPTOR: RECORD_HEADER + 40,
  COUNT: RECORD_HEADER + 4,
  LIST: RECORD_HEADER + 16,
} as const;

export interface PutFields {
  sequence: number;
  unitOfWork: number;
  queue: number;
  persistent: boolean;
  /** ms since the epoch, 0 for never */
  expiry: number;
  backoutCount: number;
}

/** A message as it was put: its record holds copies of everything. */
export function putRecord(fields: PutFields, descriptor: Buffer, properties: Buffer, data: Buffer): Buffer {
  const start = At.DESCRIPTOR + DESCRIPTOR_LENGTH;
  // Not from the shared pool: a cached record would keep its neighbours there in memory.
  const record = Buffer.allocUnsafeSlow(start + properties.length + data.length);
  record.fill(0, 0, At.DESCRIPTOR);
  record[At.TYPE] = RecordType.PUT;
  record[At.PERSISTENT] = fields.persistent ? 1 : 0;
  record.writeUInt32LE(fields.queue, At.QUEUE);
  record.writeDoubleLE(fields.sequence, At.SEQUENCE);
  record.writeDoubleLE(fields.unitOfWork, At.UNIT_OF_WORK);
  record.writeDoubleLE(fields.expiry, At.EXPIRY);
  record.writeUInt32LE(fields.backoutCount, At.BACKOUT_COUNT);
  record.writeUInt32LE(properties.length, At.PROPERTIES_LENGTH);
  record.set(descriptor, At.DESCRIPTOR);
  record.set(properties, start);
  record.set(data, start + properties.length);
  return record;
}

/** The record again, as part of no unit of work and with the present backout count, to be appended anew. */
export function relocatedRecord(record: Buffer, backoutCount: number): Buffer {
  const copy = Buffer.from(record);
  copy.writeDoubleLE(0, At.UNIT_OF_WORK);
  copy.writeUInt32LE(backoutCount, At.BACKOUT_COUNT);
  return copy;
}

export function putFields(record: Buffer): PutFields {
  return {
    sequence: record.readDoubleLE(At.SEQUENCE),
    unitOfWork: record.readDoubleLE(At.UNIT_OF_WORK),
    queue: record.readUInt32LE(At.QUEUE),
    persistent: record[At.PERSISTENT] === 1,
    expiry: record.readDoubleLE(At.EXPIRY),
    backoutCount: record.readUInt32LE(At.BACKOUT_COUNT),
  };
}

/** Views into a put record. */
export function messageOf(record: Buffer): { descriptor: Buffer; properties: Buffer; data: Buffer } {
  const start = At.DESCRIPTOR + DESCRIPTOR_LENGTH;
  const end = start + record.readUInt32LE(At.PROPERTIES_LENGTH);
  return {
    descriptor: record.subarray(At.DESCRIPTOR, start),
    properties: record.subarray(start, end),
    data: record.subarray(end),
  };
}

/** The end of a unit of work: its puts are there for all to see, and these messages are gone. */
export function commitRecord(unitOfWork: number, removed: readonly number[]): Buffer {
  const record = Buffer.alloc(At.LIST + removed.length * 8);
  record[At.TYPE] = RecordType.COMMIT;
  record.writeUInt32LE(removed.length, At.COUNT);
  record.writeDoubleLE(unitOfWork, At.SEQUENCE);
  for (const [i, sequence] of removed.entries()) record.writeDoubleLE(sequence, At.LIST + i * 8);
  return record;
}

export function commitFields(record: Buffer): { unitOfWork: number; removed: number[] } {
  const count = record.readUInt32LE(At.COUNT);
  return {
    unitOfWork: record.readDoubleLE(At.SEQUENCE),
    removed: Array.from({ length: count }, (_, i) => record.readDoubleLE(At.LIST + i * 8)),
  };
}

/** New backout counts of messages, as [sequence, count]. */
export function backoutRecord(counts: readonly (readonly [number, number])[]): Buffer {
  const record = Buffer.alloc(At.LIST + counts.length * 16);
  record[At.TYPE] = RecordType.BACKOUT;
  record.writeUInt32LE(counts.length, At.COUNT);
  for (const [i, [sequence, count]] of counts.entries()) {
    record.writeDoubleLE(sequence, At.LIST + i * 16);
    record.writeDoubleLE(count, At.LIST + i * 16 + 8);
  }
  return record;
}

export function backoutFields(record: Buffer): [number, number][] {
  const count = record.readUInt32LE(At.COUNT);
  return Array.from({ length: count }, (_, i) => [
    record.readDoubleLE(At.LIST + i * 16),
    record.readDoubleLE(At.LIST + i * 16 + 8),
  ]);
}

export function recordType(record: Buffer): number {
  return record[At.TYPE]!;
}

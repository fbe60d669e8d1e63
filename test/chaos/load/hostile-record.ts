import { gzipSync } from 'node:zlib';
import { PAYMENTS } from '@orderbridge/contracts';
import kafkajs from 'kafkajs';
import { v7 as uuid } from 'uuid';
import type { HostileRecord } from '../plan/fault.js';
import { BODY, headersOf } from './poison-message.js';
import { lz4Frame, snappyBlock, zstdFrame } from './stored-frames.js';

// A program of its own, since the codecs of kafkajs are those of a whole process: the address of Kafka, and which record
// to put there. Prints the record's id when somebody can read it.
const [kafka = '', record = ''] = process.argv.slice(2);

const MEBIBYTE = 1024 * 1024;
const { CompressionTypes, CompressionCodecs } = kafkajs;

interface Hostile {
  readonly headers?: () => Record<string, string>;
  /** How its batch is compressed, and how that is called. */
  readonly codec?: readonly [type: number, compress: (bytes: Buffer) => Buffer];
  readonly isUnreadable?: true;
}

const RECORDS: Readonly<Record<HostileRecord, Hostile>> = {
  'a header named constructor': { headers: () => ({ constructor: 'hostile' }) },
  'a header named __proto__': {
    headers: () => JSON.parse('{"__proto__":"hostile"}') as Record<string, string>,
  },
  'thousands of headers': {
    headers: () => Object.fromEntries(Array.from({ length: 5_000 }, (_, number) => [`h${number}`, 'v'])),
    isUnreadable: true,
  },
  'snappy compression': { codec: [CompressionTypes.Snappy, snappyBlock] },
  'lz4 compression': { codec: [CompressionTypes.LZ4, lz4Frame] },
  'zstd compression': { codec: [CompressionTypes.ZSTD, zstdFrame] },
  'a batch that cannot be unpacked': {
    codec: [CompressionTypes.Snappy, () => Buffer.from('this is not snappy')],
    isUnreadable: true,
  },
  'a batch that unpacks to 256 MiB': {
    codec: [CompressionTypes.GZIP, () => gzipSync(Buffer.alloc(256 * MEBIBYTE))],
    isUnreadable: true,
  },
};

const { headers, codec, isUnreadable } = RECORDS[record as HostileRecord];
if (codec) {
  const [type, compress] = codec;
  CompressionCodecs[type as keyof typeof CompressionCodecs] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(compress(buffer)),
    decompress: () => Promise.reject(new Error('Nothing is read here.')),
  });
}
const producer = new kafkajs.Kafka({
  brokers: [kafka],
  clientId: 'stranger',
  logLevel: kafkajs.logLevel.NOTHING,
  retry: { retries: 0 },
}).producer();
await producer.connect();
const [id, key] = [uuid(), uuid()];
const own = headersOf(id, key);
// Assigned one by one, a header of that name would be the object's prototype.
const all = Object.fromEntries([...Object.entries(own), ...Object.entries(headers?.() ?? {})]);
await producer.send({
  topic: PAYMENTS.name,
  compression: codec?.[0] ?? CompressionTypes.None,
  messages: [{ key, headers: all, value: JSON.stringify(BODY) }],
});
await producer.disconnect();
if (!isUnreadable) process.stdout.write(`${id}\n`);

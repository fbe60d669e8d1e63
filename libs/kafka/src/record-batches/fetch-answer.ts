import { ByteReader } from './byte-reader.js';
import type { FetchedMessage } from './fetched-message.js';
import { lengthOfBatch, readBatch } from './record-batch.js';

/** Where a consumer asked for records. */
export interface FetchRequest {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly fetchOffset: string }[];
  }[];
}

interface PartitionAnswer {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly lastStartOffset: string;
  readonly abortedTransactions: { producerId: string; firstOffset: string }[];
  readonly preferredReadReplica: number;
  messages: FetchedMessage[];
}

/** Bytes and records that are opened of one answer before the rest is left for the next one. */
const OPENED_BYTES = 16 * 1024 * 1024;
const READ_RECORDS = 20_000;

/**
 * Reads the answer to a Fetch request, versions 4 to 11, as kafkajs does, but for what hurts others: how long it takes and
 * how much memory is bounded whatever the records are, and records that cannot be read become messages that say so.
 */
export async function readFetchAnswer(bytes: Buffer, version: number, request: FetchRequest) {
  const reader = new ByteReader(bytes);
  const throttleTime = reader.int32();
  const session = version >= 7 && { errorCode: reader.int16(), sessionId: reader.int32() };
  const unread: { answer: PartitionAnswer; records: Buffer; from: bigint }[] = [];
  const responses = array(reader, () => {
    const topicName = reader.string();
    const offsets = new Map(
      request.topics
        .find(({ topic }) => topic === topicName)
        ?.partitions.map(({ partition, fetchOffset }) => [partition, fetchOffset]),
    );
    const partitions = array(reader, () => {
      const answer = partitionOf(reader, version);
      const records = reader.take(Math.max(0, reader.int32()));
      unread.push({ answer, records, from: BigInt(offsets.get(answer.partition) ?? 0) });
      return answer;
    });
    return { topicName, partitions };
  });
  await read(unread);
  // From version 8 on the broker does not wait itself before it answers.
  const throttling =
    version >= 8 ? { throttleTime: 0, clientSideThrottleTime: throttleTime } : { throttleTime };
  return { ...throttling, ...session, responses };
}

/** Reads partitions from a random one on, so that none that is costly to read keeps others from being read. */
async function read(unread: { answer: PartitionAnswer; records: Buffer; from: bigint }[]): Promise<void> {
  const start = Math.floor(Math.random() * unread.length);
  let openedBytes = 0;
  let count = 0;
  for (const { answer, records, from } of [...unread.slice(start), ...unread.slice(0, start)]) {
    let rest = records;
    let next = from;
    while (openedBytes < OPENED_BYTES && count < READ_RECORDS) {
      const length = lengthOfBatch(rest);
      if (length === undefined) break;
      const batch = await readBatch(rest.subarray(0, length), next, endOf(rest.subarray(length), answer));
      for (const message of batch.messages) answer.messages.push(message);
      openedBytes += batch.openedBytes;
      count += batch.messages.length;
      if (!batch.complete) break;
      rest = rest.subarray(length);
      next = BigInt(answer.messages.at(-1)?.offset ?? next) + 1n;
    }
  }
}

/** The offset before which a batch ends for certain. */
const endOf = (following: Buffer, { highWatermark }: PartitionAnswer): bigint =>
  following.length >= 8 ? following.readBigInt64BE() : BigInt(highWatermark);

function partitionOf(reader: ByteReader, version: number): PartitionAnswer {
  return {
    partition: reader.int32(),
    errorCode: reader.int16(),
    highWatermark: `${reader.int64()}`,
    lastStableOffset: `${reader.int64()}`,
    lastStartOffset: version >= 5 ? `${reader.int64()}` : '-1',
    abortedTransactions: array(reader, () => ({
      producerId: `${reader.int64()}`,
      firstOffset: `${reader.int64()}`,
    })),
    preferredReadReplica: version >= 11 ? reader.int32() : -1,
    messages: [],
  };
}

function array<Item>(reader: ByteReader, item: () => Item): Item[] {
  const items: Item[] = [];
  for (let left = reader.int32(); left > 0; left--) items.push(item());
  return items;
}

import kafkajs, { type Kafka } from 'kafkajs';

const PARTITIONS = 3;

export interface Load {
  /** Bytes of a message's value, at least 8: its number is in it. */
  readonly size: number;
  /** Messages of one request. */
  readonly batch: number;
  /** Requests under way at the same time. */
  readonly inFlight: number;
}

export interface Produced {
  /** Messages acknowledged, of those that were begun in the measured seconds. */
  readonly messages: number;
  readonly seconds: number;
}

export const connect = (address: string): Kafka =>
  new kafkajs.Kafka({ clientId: 'bench', brokers: [address], logLevel: kafkajs.logLevel.NOTHING });

export async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: PARTITIONS }] });
  await admin.disconnect();
}

/** Produces for so many seconds, with acks of all replicas. Messages are numbered from `first` on. */
export async function produce(
  kafka: Kafka,
  topic: string,
  { size, batch, inFlight }: Load,
  { first, seconds }: { first: number; seconds: number },
): Promise<Produced> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  let next = first;
  const begun = performance.now();
  const sender = async (): Promise<void> => {
    while (performance.now() - begun < seconds * 1_000) {
      const partition = Math.floor(next / batch) % PARTITIONS;
      const messages = Array.from({ length: batch }, () => ({ partition, value: numbered(next++, size) }));
      await producer.send({ topic, acks: -1, messages });
    }
  };
  await Promise.all(Array.from({ length: inFlight }, sender));
  const elapsed = (performance.now() - begun) / 1_000;
  await producer.disconnect();
  return { messages: next - first, seconds: elapsed };
}

/**
 * Consumes a topic from its beginning.
 *
 * @returns seconds from the first batch to the last message.
 * @throws Error when a message comes twice. One that does not come is waited for without end.
 */
export async function consume(kafka: Kafka, topic: string, expected: number): Promise<number> {
  const consumer = kafka.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const seen = new Uint8Array(expected);
  let count = 0;
  let started: number | undefined;
  const seconds = await new Promise<number>((resolve, reject) => {
    void consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: PARTITIONS,
      eachBatch: ({ batch }) => {
        started ??= performance.now();
        for (const { value } of batch.messages) {
          const number = Number(value?.readBigUInt64BE());
          if (seen[number] !== 0)
            reject(new Error(`Message ${number} of ${topic} came twice, or was never sent.`));
          seen[number] = 1;
          count++;
        }
        if (count === expected) resolve((performance.now() - started) / 1_000);
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return seconds;
}

function numbered(number: number, size: number): Buffer {
  const value = Buffer.alloc(size, number % 251);
  value.writeBigUInt64BE(BigInt(number));
  return value;
}

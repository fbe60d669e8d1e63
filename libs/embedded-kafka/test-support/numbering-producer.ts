import { fetchApi } from '../src/protocol/messages/fetch.js';
import { initProducerIdApi } from '../src/protocol/messages/init-producer-id.js';
import { produceApi } from '../src/protocol/messages/produce.js';
import { decodeBatches, encodeBatch } from './record-batches.js';
import { RawClient } from './raw-client.js';

const inFlight = 5;

interface SentBatch {
  readonly values: readonly string[];
  readonly baseSequence: number;
}

/**
 * An idempotent producer that writes numbered records to one partition for as long as its connection lasts, and knows
 * what was acknowledged. On a new connection it first sends again what was not.
 */
export class NumberingProducer {
  /** Records that were acknowledged, from the first one on without a gap. */
  acknowledged = 0;
  private next = 0;
  private readonly unacknowledged: SentBatch[] = [];

  private constructor(
    private readonly producerId: number,
    private readonly topic: string,
    private readonly partition: number,
  ) {}

  static async create(port: number, topic: string, partition: number): Promise<NumberingProducer> {
    const client = await RawClient.connect(port);
    const { producerId } = await client.send(initProducerIdApi, 4, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    });
    client.close();
    return new NumberingProducer(producerId, topic, partition);
  }

  /** Writes until the connection is lost or `stopped` says so; resolves when nothing is under way. */
  async write(port: number, stopped: () => boolean): Promise<void> {
    const client = await RawClient.connect(port).catch(() => undefined);
    if (client === undefined) return;
    const resend = [...this.unacknowledged];
    const workers = Array.from({ length: inFlight }, async () => {
      while (!client.socket.destroyed) {
        const batch = resend.shift() ?? (stopped() ? undefined : this.nextBatch());
        if (batch === undefined) return;
        if (!(await this.send(client, batch))) return;
      }
    });
    await Promise.all(workers);
    client.close();
  }

  private nextBatch(): SentBatch {
    const size = 1 + Math.floor(Math.random() * 5);
    const padding = 'x'.repeat(Math.floor(Math.random() * 2000));
    const values = Array.from({ length: size }, (_, index) => `${this.next + index} ${padding}`);
    const batch = { values, baseSequence: this.next };
    this.next += size;
    this.unacknowledged.push(batch);
    return batch;
  }

  /** False when the connection was lost before the answer. */
  private async send(client: RawClient, batch: SentBatch): Promise<boolean> {
    const { producerId, topic, partition } = this;
    const records = [encodeBatch(batch.values, { producerId, baseSequence: batch.baseSequence })];
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topics: [{ name: topic, partitions: [{ index: partition, records }] }],
    };
    const response = await client.send(produceApi, 9, request).catch(() => undefined);
    if (response === undefined) return false;
    const { errorCode } = response.topics[0]!.partitions[0]!;
    if (errorCode !== 0) throw new Error(`Sequence ${batch.baseSequence} was refused with ${errorCode}.`);
    this.unacknowledged.splice(this.unacknowledged.indexOf(batch), 1);
    const oldest = this.unacknowledged[0];
    this.acknowledged = oldest === undefined ? this.next : oldest.baseSequence;
    return true;
  }
}

/** Reads a whole partition; its values as {@link NumberingProducer} numbered them. */
export async function readNumbers(port: number, topic: string, partition: number): Promise<number[]> {
  const client = await RawClient.connect(port);
  const numbers: number[] = [];
  for (let fetchOffset = 0; ;) {
    const { topics } = await client.send(fetchApi, 12, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 4_000_000,
      isolationLevel: 0,
      topics: [
        { name: topic, topicId: '', partitions: [{ index: partition, fetchOffset, maxBytes: 4_000_000 }] },
      ],
      forgottenTopics: [],
      rackId: '',
    });
    const { records, errorCode } = topics[0]!.partitions[0]!;
    if (errorCode !== 0) throw new Error(`Offset ${fetchOffset} cannot be read: ${errorCode}`);
    const found = decodeBatches(records!);
    if (found.length === 0) break;
    for (const { offset, value } of found) {
      if (offset !== fetchOffset) throw new Error(`Offset ${fetchOffset} is missing.`);
      fetchOffset++;
      numbers.push(Number.parseInt(value, 10));
    }
  }
  client.close();
  return numbers;
}

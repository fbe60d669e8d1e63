import type { Consumer, EachBatchPayload } from 'kafkajs';
import { eventually } from './eventually.js';

export interface CollectedMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: string | undefined;
  readonly headers: Record<string, string>;
}

/** Runs a consumer and keeps what it gets. */
export class Collector {
  readonly messages: CollectedMessage[] = [];

  constructor(readonly consumer: Consumer) {}

  async run(topics: string[], fromBeginning = true): Promise<this> {
    await this.consumer.subscribe({ topics, fromBeginning });
    await this.consumer.run({ eachBatch: (payload) => this.collect(payload) });
    return this;
  }

  get values(): (string | undefined)[] {
    return this.messages.map(({ value }) => value);
  }

  async untilCount(count: number): Promise<void> {
    await eventually(() => this.messages.length >= count);
  }

  private async collect({ batch }: EachBatchPayload): Promise<void> {
    for (const message of batch.messages) {
      this.messages.push({
        topic: batch.topic,
        partition: batch.partition,
        offset: Number(message.offset),
        key: message.key?.toString(),
        value: message.value?.toString(),
        headers: Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
        ),
      });
    }
  }
}

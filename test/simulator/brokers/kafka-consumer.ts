import { deadLetter } from '@orderbridge/kafka';
import {
  isTransient,
  PipelineStoppedError,
  type Delivery,
  type Pipeline,
  type Rejection,
  type UnitsOfWork,
} from '@orderbridge/messaging';
import type { Random } from '../schedule/random.js';
import type { Process } from '../schedule/scheduler.js';
import type { Partition, SimulatedKafka } from './simulated-kafka.js';

export interface KafkaConsumerOptions {
  readonly process: Process;
  readonly kafka: SimulatedKafka;
  readonly group: string;
  readonly topics: readonly string[];
  readonly pipeline: Pipeline;
  readonly unitsOfWork: UnitsOfWork;
  readonly random: Random;
  /** When offsets are committed; before the handling only in a mutant. */
  readonly acknowledge: 'after' | 'before';
}

/** Most messages of a fetch. */
const FETCH = 8;

/** What `KafkaEventServer` does with kafkajs: each partition in order, dead letters, offsets when all is settled. */
export function consumeKafka(options: KafkaConsumerOptions): void {
  const { process, kafka, group, topics, pipeline } = options;
  kafka.join(process, group, topics, (partitions, isCurrent) => {
    pipeline.takesOver();
    for (const partition of partitions) void consume(options, partition, isCurrent).catch(unlessStopped);
  });
}

/** Once its pipeline has stopped, a consumer leaves the rest with the broker. */
export function unlessStopped(error: unknown): void {
  if (!(error instanceof PipelineStoppedError)) throw error;
}

async function consume(
  { process, kafka, group, pipeline, unitsOfWork, random, acknowledge }: KafkaConsumerOptions,
  partition: Partition,
  isCurrent: () => boolean,
): Promise<void> {
  const { topic, number, log, waiting } = partition;
  await process.step(`is assigned ${topic}/${number}`);
  let offset = kafka.committed(group, partition);
  while (isCurrent()) {
    while (log.length === offset) {
      // Offsets lag behind until there is time.
      if (isCurrent() && kafka.committed(group, partition) < offset) await commit(offset);
      else await new Promise<void>((resolve) => waiting.push(resolve));
    }
    await process.step(`fetches ${topic}/${number}@${offset}`);
    if (!isCurrent()) return;
    const messages = log.slice(offset, offset + random.between(1, FETCH));
    const first = offset;
    offset += messages.length;
    if (acknowledge === 'before') await commit(offset);
    const deliveries = messages.map(({ key, headers, body }, index): Delivery => ({
      source: { broker: 'kafka', name: topic },
      origin: `kafka ${topic}/${number}@${first + index}`,
      key,
      headers,
      body,
    }));
    const outcomes = await pipeline.process(deliveries);
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status !== 'rejected') continue;
      await sendToDeadLetters(`${first + index}`, deliveries[index] as Delivery, outcome);
    }
    if (random.chance(0.5)) await commit(offset);
  }

  async function commit(next: number): Promise<void> {
    await process.step(`commits ${topic}/${number}@${next}`);
    if (isCurrent()) kafka.commit(group, partition, next);
  }

  async function sendToDeadLetters(
    position: string,
    delivery: Delivery,
    rejection: Rejection,
  ): Promise<void> {
    for (;;) {
      try {
        await deadLetter(
          unitsOfWork,
          group,
          { topic, partition: number, offset: position },
          { key: Buffer.from(delivery.key), headers: delivery.headers },
          delivery,
          rejection,
        );
        return;
      } catch (error) {
        if (!isTransient(error)) throw error;
        await process.clock.sleep(200);
      }
    }
  }
}

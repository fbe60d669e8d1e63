import type { OutgoingMessage, Publisher } from '@orderbridge/messaging';
import type { Faults } from '../faults.js';
import type { Names } from '../names.js';
import type { Random } from '../schedule/random.js';
import type { Process } from '../schedule/scheduler.js';
import type { BusMessage, Wiretap } from './bus-message.js';
import type { CutOffs } from './cut-offs.js';

export interface Partition {
  readonly topic: string;
  readonly number: number;
  readonly log: BusMessage[];
  readonly waiting: (() => void)[];
}

/** Called with each generation's share of the partitions; `isCurrent` says whether the generation still is. */
export type Assigned = (partitions: readonly Partition[], isCurrent: () => boolean) => void;

interface Group {
  readonly topics: readonly string[];
  readonly committed: Map<Partition, number>;
  readonly members: Map<Process, Assigned>;
  generation: number;
}

/** Kafka as far as a consumer can tell: order per partition, offsets per group, rebalances, at-least-once producers. */
export class SimulatedKafka {
  readonly topics = new Map<string, Partition[]>();
  readonly groups = new Map<string, Group>();

  constructor(
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly names: Names,
    private readonly tap: Wiretap,
    private readonly partitions: number,
    private readonly cutOffs: CutOffs,
  ) {}

  append(topic: string, message: BusMessage): void {
    const partitions = this.#partitionsOf(topic);
    const partition = partitions[this.names.number(message.key) % partitions.length] as Partition;
    this.tap(topic, message);
    partition.log.push(message);
    for (const wake of partition.waiting.splice(0)) wake();
  }

  /** The first offset that the group has not committed. */
  committed(group: string, partition: Partition): number {
    return this.#group(group, []).committed.get(partition) ?? 0;
  }

  commit(group: string, partition: Partition, offset: number): void {
    this.#group(group, []).committed.set(partition, offset);
  }

  join(process: Process, name: string, topics: readonly string[], assigned: Assigned): void {
    const group = this.#group(name, topics);
    group.members.set(process, assigned);
    process.atCrash(() => {
      group.members.delete(process);
      this.rebalance(name);
    });
    this.rebalance(name);
  }

  /** Deals the partitions anew. Who was at work on some goes on, but may not commit. */
  rebalance(name: string): void {
    const group = this.#group(name, []);
    const generation = ++group.generation;
    const members = [...group.members];
    const shares = new Map<Process, Partition[]>(members.map(([process]) => [process, []]));
    if (members.length === 0) return;
    for (const topic of group.topics) {
      for (const partition of this.#partitionsOf(topic))
        shares.get(this.random.pick(members)[0])?.push(partition);
    }
    for (const [process, assigned] of members)
      assigned(shares.get(process) ?? [], () => group.generation === generation);
  }

  /** What the consumers of a group have not committed. */
  lag(name: string): number {
    const group = this.#group(name, []);
    let lag = 0;
    for (const topic of group.topics) {
      for (const partition of this.#partitionsOf(topic))
        lag += partition.log.length - (group.committed.get(partition) ?? 0);
    }
    return lag;
  }

  all(topic: string): BusMessage[] {
    return this.#partitionsOf(topic).flatMap(({ log }) => log);
  }

  publisher(process: Process): Publisher {
    return {
      broker: 'kafka',
      publish: async (messages) => {
        await process.step(`publishes ${messages.length} to Kafka`);
        if (this.cutOffs.isCut(process, 'kafka')) throw new Error('simulated: Kafka is out of reach');
        const fails = this.faults.happens('publish');
        const taken = fails ? messages.slice(0, this.random.between(0, messages.length)) : messages;
        for (const message of taken) this.append(message.destination.name, asBusMessage(message));
        if (fails) throw new Error('simulated: Kafka is away');
      },
    };
  }

  #partitionsOf(topic: string): Partition[] {
    let partitions = this.topics.get(topic);
    if (!partitions) {
      partitions = Array.from({ length: this.partitions }, (_, number) => ({
        topic,
        number,
        log: [],
        waiting: [],
      }));
      this.topics.set(topic, partitions);
    }
    return partitions;
  }

  #group(name: string, topics: readonly string[]): Group {
    let group = this.groups.get(name);
    if (!group) {
      group = { topics, committed: new Map(), members: new Map(), generation: 0 };
      this.groups.set(name, group);
    }
    return group;
  }
}

/** All headers of simulated messages are text. */
export const asBusMessage = ({ key, headers, body }: OutgoingMessage): BusMessage => ({
  key,
  headers: headers as BusMessage['headers'],
  body,
});

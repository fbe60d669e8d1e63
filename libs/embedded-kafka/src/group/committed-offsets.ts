/** Where a group is in one partition: the offset it will read next. */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string | null;
  readonly committedAt: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export type OffsetRecord = readonly [
  topic: string,
  partition: number,
  offset: number,
  leaderEpoch: number,
  metadata: string | null,
  committedAt: number,
];

/** The committed offsets of one group. */
export class CommittedOffsets {
  private readonly byTopic = new Map<string, Map<number, CommittedOffset>>();

  get isEmpty(): boolean {
    return this.byTopic.size === 0;
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.byTopic.get(topic)?.get(partition);
  }

  set([topic, partition, offset, leaderEpoch, metadata, committedAt]: OffsetRecord): void {
    let partitions = this.byTopic.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.byTopic.set(topic, partitions);
    }
    partitions.set(partition, { offset, leaderEpoch, metadata, committedAt });
  }

  delete({ topic, partition }: TopicPartition): void {
    const partitions = this.byTopic.get(topic);
    partitions?.delete(partition);
    if (partitions?.size === 0) this.byTopic.delete(topic);
  }

  deleteTopic(topic: string): void {
    this.byTopic.delete(topic);
  }

  *partitions(): Generator<TopicPartition & { readonly committed: CommittedOffset }> {
    for (const [topic, partitions] of this.byTopic) {
      for (const [partition, committed] of partitions) yield { topic, partition, committed };
    }
  }

  toRecords(): OffsetRecord[] {
    return [...this.partitions()].map(({ topic, partition, committed }) => [
      topic,
      partition,
      committed.offset,
      committed.leaderEpoch,
      committed.metadata,
      committed.committedAt,
    ]);
  }
}

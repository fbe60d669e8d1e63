import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { DurableState, Storage } from '../storage/storage.js';
import { CommittedOffsets, type OffsetRecord, type TopicPartition } from './committed-offsets.js';
import { ConsumerGroup, type GenerationRecord } from './consumer-group.js';

type GroupChange =
  | { readonly kind: 'offsets-committed'; group: string; offsets: readonly OffsetRecord[] }
  | { readonly kind: 'offsets-deleted'; group: string; partitions: readonly TopicPartition[] }
  | { readonly kind: 'rebalanced'; group: string; record: GenerationRecord }
  | { readonly kind: 'deleted'; group: string };

interface GroupSnapshot {
  readonly id: string;
  readonly record: GenerationRecord | undefined;
  readonly offsets: readonly OffsetRecord[];
}

export interface GroupCoordinatorOptions {
  readonly initialRebalanceDelayMs: number;
  /** How long the offsets of a group without members are kept. */
  readonly offsetsRetentionMs: number;
}

interface Entry {
  readonly group: ConsumerGroup;
  readonly offsets: CommittedOffsets;
  /** Since when the group has had no members; undefined while it has some. */
  emptySince: number | undefined;
}

/** All consumer groups: their members, and the offsets that they have committed. Both survive a restart. */
export class GroupCoordinator implements DurableState<GroupChange, GroupSnapshot[]> {
  readonly name = 'groups';
  private readonly entries = new Map<string, Entry>();
  private isLive = false;

  constructor(
    private readonly storage: Storage,
    private readonly options: GroupCoordinatorOptions,
  ) {
    storage.register(this);
  }

  get groups(): ConsumerGroup[] {
    return [...this.entries.values()].map(({ group }) => group);
  }

  group(id: string): ConsumerGroup | undefined {
    return this.entries.get(id)?.group;
  }

  /** @throws RefusedError INVALID_GROUP_ID */
  groupOrNew(id: string): ConsumerGroup {
    checkGroupId(id);
    return this.entryOrNew(id).group;
  }

  offsets(groupId: string): CommittedOffsets | undefined {
    return this.entries.get(groupId)?.offsets;
  }

  /** Makes offsets durable; whether the committer may is the caller's to check. */
  async commitOffsets(groupId: string, offsets: readonly OffsetRecord[]): Promise<void> {
    await this.storage.commit(this, { kind: 'offsets-committed', group: groupId, offsets });
  }

  async deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    await this.storage.commit(this, { kind: 'offsets-deleted', group: groupId, partitions });
  }

  /** @throws RefusedError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  async deleteGroup(groupId: string): Promise<void> {
    checkGroupId(groupId);
    const group = this.group(groupId);
    if (group === undefined) {
      throw new RefusedError(ErrorCode.GROUP_ID_NOT_FOUND, `There is no group ${groupId}.`);
    }
    if (!group.isUnused) {
      throw new RefusedError(ErrorCode.NON_EMPTY_GROUP, `Group ${groupId} has members.`);
    }
    await this.storage.commit(this, { kind: 'deleted', group: groupId });
  }

  /** A topic is gone, and with it what groups had committed for it. */
  forgetTopic(topic: string): void {
    for (const { offsets } of this.entries.values()) offsets.deleteTopic(topic);
  }

  /** Deletes the offsets of groups that have been without members for too long, and groups that have nothing left. */
  async expire(now: number): Promise<void> {
    for (const [id, entry] of this.entries) {
      if (!entry.group.isUnused) {
        entry.emptySince = undefined;
        continue;
      }
      entry.emptySince ??= now;
      const limit = now - this.options.offsetsRetentionMs;
      const partitions = [...entry.offsets.partitions()]
        .filter(({ committed }) => entry.emptySince! <= limit && committed.committedAt <= limit)
        .map(({ topic, partition }) => ({ topic, partition }));
      if (partitions.length > 0) await this.deleteOffsets(id, partitions);
      if (entry.offsets.isEmpty && entry.group.isUnused) await this.deleteGroup(id);
    }
  }

  /** Ends recovery: the sessions of the members from before the restart begin. */
  goLive(): void {
    this.isLive = true;
    for (const { group } of this.entries.values()) group.goLive();
  }

  close(): void {
    for (const { group } of this.entries.values()) group.close();
  }

  apply(change: GroupChange): void {
    switch (change.kind) {
      case 'offsets-committed': {
        const { offsets } = this.entryOrNew(change.group);
        for (const offset of change.offsets) offsets.set(offset);
        break;
      }
      case 'offsets-deleted':
        for (const partition of change.partitions) this.offsets(change.group)?.delete(partition);
        break;
      case 'rebalanced':
        this.entryOrNew(change.group).group.adopt(change.record);
        break;
      case 'deleted':
        this.group(change.group)?.close();
        this.entries.delete(change.group);
        break;
    }
  }

  snapshot(): GroupSnapshot[] {
    return [...this.entries].map(([id, { group, offsets }]) => ({
      id,
      record: group.record,
      offsets: offsets.toRecords(),
    }));
  }

  restore(snapshot: GroupSnapshot[]): void {
    for (const { id, record, offsets } of snapshot) {
      const entry = this.entryOrNew(id);
      if (record !== undefined) entry.group.adopt(record);
      for (const offset of offsets) entry.offsets.set(offset);
    }
  }

  private entryOrNew(id: string): Entry {
    let entry = this.entries.get(id);
    if (entry === undefined) {
      const group = new ConsumerGroup(id, {
        initialRebalanceDelayMs: this.options.initialRebalanceDelayMs,
        store: (record) => this.storage.commit(this, { kind: 'rebalanced', group: id, record }),
      });
      if (this.isLive) group.goLive();
      entry = { group, offsets: new CommittedOffsets(), emptySince: undefined };
      this.entries.set(id, entry);
    }
    return entry;
  }
}

export function checkGroupId(id: string): void {
  if (id === '') throw new RefusedError(ErrorCode.INVALID_GROUP_ID, 'The group id is empty.');
}

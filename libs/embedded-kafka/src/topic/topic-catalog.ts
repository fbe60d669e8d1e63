import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LogMemory } from '../log/log-memory.js';
import type { LogSnapshot, PartitionLog } from '../log/partition-log.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import { RecordBatch } from '../record/record-batch.js';
import { isMissing } from '../storage/files.js';
import type { BatchReceiver, DurableState, Storage } from '../storage/storage.js';
import { checkTopicConfig, type TopicConfig } from './topic-config.js';
import { logKeyBytes, readLogKey, Topic } from './topic.js';

const maxNameLength = 249;
/** Every partition takes memory and file descriptors, so a mistyped number must not bring the broker down. */
const maxPartitions = 10_000;

type TopicChange =
  | { readonly kind: 'created'; id: string; name: string; partitions: number; config: TopicConfig }
  | { readonly kind: 'grown'; id: string; partitions: number }
  | { readonly kind: 'configured'; id: string; config: TopicConfig }
  | { readonly kind: 'start-moved'; id: string; partition: number; offset: number }
  | { readonly kind: 'deleted'; id: string };

interface TopicSnapshot {
  readonly id: string;
  readonly name: string;
  readonly config: TopicConfig;
  readonly logs: readonly LogSnapshot[];
}

export interface TopicCatalogOptions {
  /** Partitions of a topic when the client does not say. */
  readonly defaultPartitions: number;
  readonly defaults: TopicConfig;
  readonly log: (line: string) => void;
}

/** All topics. Every change is durable before it is visible. */
export class TopicCatalog implements DurableState<TopicChange, TopicSnapshot[]>, BatchReceiver {
  readonly name = 'topics';
  private readonly byName = new Map<string, Topic>();
  private readonly byId = new Map<string, Topic>();
  /** Names that are being created, so that two requests at once do not create two topics. */
  private readonly creating = new Map<string, Promise<Topic>>();
  private readonly deletions = new Set<Promise<void>>();
  private readonly deletionListeners: ((topic: Topic) => void)[] = [];

  constructor(
    private readonly storage: Storage,
    private readonly memory: LogMemory,
    private readonly options: TopicCatalogOptions,
  ) {
    storage.register(this);
  }

  get all(): Topic[] {
    return [...this.byName.values()];
  }

  get(name: string): Topic | undefined {
    return this.byName.get(name);
  }

  getById(id: string): Topic | undefined {
    return this.byId.get(id);
  }

  /** Calls `listener` after a topic is gone. */
  onDeleted(listener: (topic: Topic) => void): void {
    this.deletionListeners.push(listener);
  }

  /**
   * Creates a topic; `partitions` undefined stands for the default.
   *
   * @throws RefusedError for an impossible or used name, a bad number of partitions, a bad configuration
   * @throws StorageError
   */
  async create(name: string, partitions: number | undefined, config: TopicConfig): Promise<Topic> {
    const count = this.check(name, partitions, config);
    return this.commitCreation(name, count, config);
  }

  /** Does all checks of {@link create} and nothing else; returns the number of partitions it would have. */
  check(name: string, partitions: number | undefined, config: TopicConfig): number {
    checkTopicName(name);
    if (this.byName.has(name) || this.creating.has(name)) {
      throw new RefusedError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${name}' already exists.`);
    }
    const similar = this.similarTo(name);
    if (similar !== undefined) {
      throw new RefusedError(
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        `Topic '${name}' collides with '${similar}': dots and underscores are not told apart in names.`,
      );
    }
    const count = partitions ?? this.options.defaultPartitions;
    if (count < 1 || count > maxPartitions) {
      throw new RefusedError(
        ErrorCode.INVALID_PARTITIONS,
        `A topic has from 1 to ${maxPartitions} partitions, not ${count}.`,
      );
    }
    checkTopicConfig(config);
    return count;
  }

  /** The topic of a name, which is created with all defaults if need be. */
  async getOrCreate(name: string): Promise<Topic> {
    return this.byName.get(name) ?? this.creating.get(name) ?? this.create(name, undefined, {});
  }

  /** @throws RefusedError INVALID_PARTITIONS when it does not become more */
  async grow(topic: Topic, partitions: number): Promise<void> {
    this.checkGrowth(topic, partitions);
    await this.storage.commit(this, { kind: 'grown', id: topic.id, partitions });
  }

  checkGrowth(topic: Topic, partitions: number): void {
    const current = topic.partitions.length;
    if (partitions <= current || partitions > maxPartitions) {
      throw new RefusedError(
        ErrorCode.INVALID_PARTITIONS,
        `Topic '${topic.name}' has ${current} partitions, which can only grow, to at most ${maxPartitions}.`,
      );
    }
  }

  /** @throws RefusedError INVALID_CONFIG */
  async configure(topic: Topic, config: TopicConfig): Promise<void> {
    checkTopicConfig(config);
    await this.storage.commit(this, { kind: 'configured', id: topic.id, config });
  }

  /** Makes records before an offset unreadable. */
  async moveStart(topic: Topic, partition: number, offset: number): Promise<void> {
    await this.storage.commit(this, { kind: 'start-moved', id: topic.id, partition, offset });
  }

  /** The topic is gone when the promise resolves; its files are deleted soon after. */
  async delete(topic: Topic): Promise<void> {
    await this.storage.commit(this, { kind: 'deleted', id: topic.id });
  }

  /** Deletes segments as the topics' retention settings ask for. */
  async applyRetention(now: number): Promise<void> {
    for (const topic of this.all) {
      for (const [index, log] of topic.partitions.entries()) {
        const deleted = await log.applyRetention(now);
        if (deleted > 0) {
          this.options.log(
            `Retention deleted ${deleted} segments of ${topic.name}-${index}; it now starts at ${log.startOffset}.`,
          );
        }
      }
    }
  }

  /** Resolves when no files of deleted topics are being deleted. */
  async settle(): Promise<void> {
    await Promise.all(this.deletions);
  }

  /** Deletes what topics left behind that were deleted just before a crash. Call it after recovery. */
  async deleteLeftovers(): Promise<void> {
    const known = new Set(this.all.map((topic) => basename(topic.folder)));
    const folder = join(this.storage.folder, 'topics');
    const names = await readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const name of names) {
      if (!known.has(name)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  recoverBatch(content: Buffer): void {
    const { topicId, partition } = readLogKey(content);
    const log = this.byId.get(topicId)?.partitions[partition];
    log?.recover(new RecordBatch(content.subarray(logKeyBytes)));
  }

  apply(change: TopicChange): void {
    if (change.kind === 'created') {
      const known = this.byId.get(change.id);
      if (known === undefined) this.add(change.id, change.name, change.config, change.partitions);
      else this.byName.set(known.name, known);
      return;
    }
    const topic = this.byId.get(change.id);
    if (topic === undefined) return;
    switch (change.kind) {
      case 'grown':
        topic.growTo(change.partitions);
        break;
      case 'configured':
        topic.configure(change.config);
        break;
      case 'start-moved':
        topic.partitions[change.partition]?.moveStart(change.offset);
        break;
      case 'deleted':
        this.drop(topic);
        break;
    }
  }

  async persist(): Promise<void> {
    for (const log of this.logs()) await log.persist();
  }

  snapshot(): TopicSnapshot[] {
    return this.all.map((topic) => ({
      id: topic.id,
      name: topic.name,
      config: topic.config,
      logs: topic.partitions.map((log) => log.snapshot()),
    }));
  }

  async restore(snapshot: TopicSnapshot[]): Promise<void> {
    for (const { id, name, config, logs } of snapshot) {
      const topic = this.add(id, name, config, logs.length);
      for (const [index, log] of logs.entries()) await topic.partitions[index]!.restore(log);
    }
  }

  private *logs(): Generator<PartitionLog> {
    for (const topic of this.all) yield* topic.partitions;
  }

  /** The topic whose name differs only in dots and underscores, which Kafka's metrics do not tell apart. */
  private similarTo(name: string): string | undefined {
    if (!/[._]/.test(name)) return undefined;
    const asMetric = name.replaceAll('.', '_');
    return [...this.byName.keys(), ...this.creating.keys()].find(
      (other) => other.replaceAll('.', '_') === asMetric,
    );
  }

  private commitCreation(name: string, partitions: number, config: TopicConfig): Promise<Topic> {
    const id = randomUUID();
    const creation = this.storage
      .commit(this, { kind: 'created', id, name, partitions, config })
      .then(() => this.byId.get(id)!)
      .finally(() => this.creating.delete(name));
    this.creating.set(name, creation);
    return creation;
  }

  private add(id: string, name: string, config: TopicConfig, partitions: number): Topic {
    const { storage, memory } = this;
    const topic = new Topic(id, name, config, { storage, memory, defaults: this.options.defaults });
    topic.growTo(partitions);
    this.byName.set(name, topic);
    this.byId.set(id, topic);
    return topic;
  }

  private drop(topic: Topic): void {
    if (this.byName.get(topic.name) === topic) this.byName.delete(topic.name);
    this.byId.delete(topic.id);
    const deletion = Promise.all(topic.partitions.map((log) => log.remove()))
      .then(() => rm(topic.folder, { recursive: true, force: true }))
      .catch((error: Error) => this.options.log(`${topic.folder} cannot be deleted: ${error.message}`))
      .finally(() => this.deletions.delete(deletion));
    this.deletions.add(deletion);
    for (const listener of this.deletionListeners) listener(topic);
  }
}

/** @throws RefusedError INVALID_TOPIC_EXCEPTION unless Kafka allows the name too */
export function checkTopicName(name: string): void {
  if (!/^[a-zA-Z0-9._-]+$/.test(name) || name === '.' || name === '..' || name.length > maxNameLength) {
    throw new RefusedError(
      ErrorCode.INVALID_TOPIC_EXCEPTION,
      `'${name.slice(0, maxNameLength)}' is no topic name: use 1 to ${maxNameLength} of a-z A-Z 0-9 . _ -`,
    );
  }
}

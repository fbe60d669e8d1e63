import { join } from 'node:path';
import type { LogMemory } from '../log/log-memory.js';
import { PartitionLog, type LogLimits } from '../log/partition-log.js';
import type { Storage } from '../storage/storage.js';
import { topicSettings, type TopicConfig, type TopicSetting } from './topic-config.js';

/** A topic name may be longer than what a file system allows together with the id. */
const maxNameInPath = 200;
const uuidBytes = 16;

/** What the logs of all topics have in common. */
export interface LogSurroundings {
  readonly storage: Storage;
  readonly memory: LogMemory;
  /** Settings for topics that do not set their own. */
  readonly defaults: TopicConfig;
}

/** A topic with its partitions, each of which is one log. */
export class Topic {
  readonly partitions: PartitionLog[] = [];

  constructor(
    readonly id: string,
    readonly name: string,
    private overrides: TopicConfig,
    private readonly surroundings: LogSurroundings,
  ) {}

  /** What was set for this topic; everything else has its default. */
  get config(): TopicConfig {
    return this.overrides;
  }

  setting(name: TopicSetting): string {
    return this.overrides[name] ?? this.surroundings.defaults[name] ?? topicSettings[name].default;
  }

  get maxMessageBytes(): number {
    return Number(this.setting('max.message.bytes'));
  }

  /** The id makes it a different folder when a topic of this name is created again. */
  get folder(): string {
    const name = `${this.name.slice(0, maxNameInPath)}.${this.id}`;
    return join(this.surroundings.storage.folder, 'topics', name);
  }

  configure(config: TopicConfig): void {
    this.overrides = config;
    for (const log of this.partitions) log.limits = this.limits;
  }

  growTo(partitions: number): void {
    for (let index = this.partitions.length; index < partitions; index++) {
      this.partitions.push(
        new PartitionLog(
          logKey(this.id, index),
          join(this.folder, String(index)),
          this.limits,
          this.surroundings.storage,
          this.surroundings.memory,
        ),
      );
    }
  }

  private get limits(): LogLimits {
    return {
      retentionBytes: Number(this.setting('retention.bytes')),
      retentionMs: Number(this.setting('retention.ms')),
      segmentBytes: Number(this.setting('segment.bytes')),
      segmentMs: Number(this.setting('segment.ms')),
    };
  }
}

/** Names a partition in the journal, in front of each of its batches. */
function logKey(topicId: string, partition: number): Buffer {
  const key = Buffer.alloc(logKeyBytes);
  key.write(topicId.replaceAll('-', ''), 'hex');
  key.writeInt32BE(partition, uuidBytes);
  return key;
}

export const logKeyBytes = uuidBytes + 4;

export function readLogKey(content: Buffer): { topicId: string; partition: number } {
  const hex = content.toString('hex', 0, uuidBytes);
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return { topicId: groups.join('-'), partition: content.readInt32BE(uuidBytes) };
}

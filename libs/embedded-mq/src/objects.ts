import { readFileSync, renameSync, openSync, writeSync, fdatasyncSync, closeSync } from 'node:fs';
import { join } from 'node:path';

import {
  aliasQueueAttributes,
  type Attributes,
  initialAttributes,
  localQueueAttributes,
  queueManagerAttributes,
} from './attributes.js';
import { syncFolder } from './journal.js';

export interface QueueDefinition {
  id: number;
  name: string;
  type: 'QLOCAL' | 'QALIAS';
  attributes: Attributes;
  /** When it was defined, ISO 8601. */
  created: string;
}

/** DEFINE AUTHINFO AUTHTYPE(IDPWOS): whether clients must say who they are. */
export type ClientCheck = 'NONE' | 'OPTIONAL' | 'REQUIRED' | 'REQDADM';

interface Content {
  lastQueueId: number;
  queues: QueueDefinition[];
  channels: string[];
  clientChecks: Record<string, ClientCheck>;
  heartbeatIntervals: Record<string, number>;
  queueManager: Attributes;
}

const FILE = 'objects.json';

const predefinedQueues = ['SYSTEM.DEFAULT.LOCAL.QUEUE', 'SYSTEM.DEAD.LETTER.QUEUE'];
const predefinedChannels = ['SYSTEM.DEF.SVRCONN'];
/** HBINT of channels that do not say otherwise. IBM MQ's is 300; on one machine silence need not last as long. */
const DEFAULT_HEARTBEAT_INTERVAL = 5;
export const MAX_HEARTBEAT_INTERVAL = 999_999;
const predefinedAuthentication = 'SYSTEM.DEFAULT.AUTHINFO.IDPWOS';

/** What is defined: queues, channels and the queue manager's own attributes, kept in a file of the data folder. */
export class Objects {
  private readonly queues = new Map<string, QueueDefinition>();
  readonly channels: Set<string>;
  readonly clientChecks: Map<string, ClientCheck>;
  /** HBINT of channels, as far as it was given. */
  readonly heartbeatIntervals: Map<string, number>;
  readonly queueManager: Attributes;
  private lastQueueId: number;

  private constructor(
    private readonly folder: string,
    content: Partial<Content>,
  ) {
    this.lastQueueId = content.lastQueueId ?? 0;
    this.channels = new Set([...predefinedChannels, ...(content.channels ?? [])]);
    this.clientChecks = new Map<string, ClientCheck>([
      [predefinedAuthentication, 'OPTIONAL'],
      ...Object.entries<ClientCheck>(content.clientChecks ?? {}),
    ]);
    this.heartbeatIntervals = new Map(Object.entries(content.heartbeatIntervals ?? {}));
    this.queueManager = {
      ...initialAttributes(queueManagerAttributes),
      CONNAUTH: predefinedAuthentication,
      ...content.queueManager,
    };
    for (const queue of content.queues ?? []) {
      const definitions = queue.type === 'QLOCAL' ? localQueueAttributes : aliasQueueAttributes;
      this.queues.set(queue.name, {
        ...queue,
        attributes: { ...initialAttributes(definitions), ...queue.attributes },
      });
    }
    for (const name of predefinedQueues) if (!this.queues.has(name)) this.define(name, 'QLOCAL');
  }

  static load(folder: string): Objects {
    let text: string;
    try {
      text = readFileSync(join(folder, FILE), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Objects(folder, {});
      throw error;
    }
    return new Objects(folder, JSON.parse(text) as Content);
  }

  /** Writes the definitions to the disk. */
  save(): void {
    const content: Content = {
      lastQueueId: this.lastQueueId,
      queues: [...this.queues.values()],
      channels: [...this.channels],
      clientChecks: Object.fromEntries(this.clientChecks),
      heartbeatIntervals: Object.fromEntries(this.heartbeatIntervals),
      queueManager: this.queueManager,
    };
    const path = join(this.folder, FILE);
    const file = openSync(`${path}.new`, 'w');
    try {
      writeSync(file, `${JSON.stringify(content, null, 2)}\n`);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
    syncFolder(this.folder);
  }

  queue(name: string): QueueDefinition | undefined {
    return this.queues.get(name);
  }

  all(): Iterable<QueueDefinition> {
    return this.queues.values();
  }

  define(name: string, type: QueueDefinition['type'], attributes: Attributes = {}): QueueDefinition {
    const definitions = type === 'QLOCAL' ? localQueueAttributes : aliasQueueAttributes;
    const queue: QueueDefinition = {
      id: ++this.lastQueueId,
      name,
      type,
      attributes: { ...initialAttributes(definitions), ...attributes },
      created: new Date().toISOString(),
    };
    this.queues.set(name, queue);
    return queue;
  }

  remove(name: string): void {
    this.queues.delete(name);
  }

  /** Seconds; 0 for no heartbeats. */
  heartbeatInterval(channel: string): number {
    return this.heartbeatIntervals.get(channel) ?? DEFAULT_HEARTBEAT_INTERVAL;
  }

  /** What CONNAUTH asks of clients. */
  get clientCheck(): ClientCheck {
    return this.clientChecks.get(this.queueManager.CONNAUTH as string) ?? 'NONE';
  }
}

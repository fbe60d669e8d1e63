import type { TopicConfig } from './topic/topic-config.js';

export interface KafkaBrokerOptions {
  /**
   * Folder for all data, which is created if need be. One broker at a time uses it.
   * Default: a temporary folder, which is deleted when the broker is closed.
   */
  readonly dataDir?: string;
  /** Address to listen on. Default: 127.0.0.1, so that nobody else gets in: there is no authentication. */
  readonly host?: string;
  /** Default: 0, any free port. */
  readonly port?: number;
  /**
   * Where clients are told to find the broker, as `host:port`; for brokers behind a proxy or a published container port.
   * Default: the address through which a client has come.
   */
  readonly advertised?: string;
  /** Partitions of a topic when the client does not say. Default: 3. */
  readonly partitions?: number;
  /** Whether topics are created when clients ask for their metadata. Default: true. */
  readonly autoCreateTopics?: boolean;
  /** Settings of topics that do not set their own, such as `{ 'retention.ms': '3600000' }`. */
  readonly topicDefaults?: TopicConfig;
  /** How long the first member of an empty group waits for others. Default: 0 (Apache Kafka: 3000). */
  readonly groupInitialRebalanceDelayMs?: number;
  /** Bounds of the session time-outs that members may ask for. Defaults: 6,000 and 1,800,000, as in Apache Kafka. */
  readonly groupMinSessionTimeoutMs?: number;
  readonly groupMaxSessionTimeoutMs?: number;
  /** How long the offsets of groups without members are kept. Default: 7 days. */
  readonly offsetsRetentionMs?: number;
  /** How often retention is applied. Default: 5 minutes. */
  readonly retentionCheckMs?: number;
  /** Largest request in bytes; a connection that announces a larger one is closed. Default: 100 MiB. */
  readonly maxRequestBytes?: number;
  /** Largest Fetch response in bytes, whatever the client allows; a single batch may exceed it. Default: 8 MiB. */
  readonly maxFetchBytes?: number;
  /** Bytes of recent batches that are kept in memory for consumers that keep up. Default: 8 MiB. */
  readonly recentBytes?: number;
  /** Bytes of journal between two checkpoints; twice this is allocated on disk. Default: 16 MiB. */
  readonly journalBytes?: number;
  /** Gets a line for everything an operator may want to know. Default: nobody does. */
  readonly log?: (line: string) => void;
}

/** The options with all defaults filled in. */
export type ResolvedOptions = Required<Omit<KafkaBrokerOptions, 'advertised' | 'dataDir'>> & {
  readonly dataDir: string | undefined;
  readonly advertised: { readonly host: string; readonly port: number } | undefined;
};

const mebibyte = 1024 * 1024;
const day = 24 * 60 * 60 * 1000;

/** Timers take no more than this. */
const longestMs = 2 ** 31 - 1;

const bounds = {
  port: [0, 65_535],
  partitions: [1, 10_000],
  groupInitialRebalanceDelayMs: [0, longestMs],
  groupMinSessionTimeoutMs: [1, longestMs],
  groupMaxSessionTimeoutMs: [1, longestMs],
  offsetsRetentionMs: [0, Number.MAX_SAFE_INTEGER],
  retentionCheckMs: [1, longestMs],
  maxRequestBytes: [1024, 2 ** 31 - 1],
  maxFetchBytes: [1, 2 ** 31 - 1],
  recentBytes: [0, Number.MAX_SAFE_INTEGER],
  journalBytes: [4096, 2 ** 31 - 1],
} as const;

/** @throws RangeError that names the option with an impossible value */
export function resolveOptions(options: KafkaBrokerOptions = {}): ResolvedOptions {
  const resolved = {
    dataDir: options.dataDir,
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 0,
    advertised: options.advertised === undefined ? undefined : parseAddress(options.advertised),
    partitions: options.partitions ?? 3,
    autoCreateTopics: options.autoCreateTopics ?? true,
    topicDefaults: options.topicDefaults ?? {},
    groupInitialRebalanceDelayMs: options.groupInitialRebalanceDelayMs ?? 0,
    groupMinSessionTimeoutMs: options.groupMinSessionTimeoutMs ?? 6000,
    groupMaxSessionTimeoutMs: options.groupMaxSessionTimeoutMs ?? 1_800_000,
    offsetsRetentionMs: options.offsetsRetentionMs ?? 7 * day,
    retentionCheckMs: options.retentionCheckMs ?? 5 * 60 * 1000,
    maxRequestBytes: options.maxRequestBytes ?? 100 * mebibyte,
    maxFetchBytes: options.maxFetchBytes ?? 8 * mebibyte,
    recentBytes: options.recentBytes ?? 8 * mebibyte,
    journalBytes: options.journalBytes ?? 16 * mebibyte,
    log: options.log ?? (() => undefined),
  };
  for (const [name, [min, max]] of Object.entries(bounds)) {
    requireInteger(name, resolved[name as keyof typeof bounds], min, max);
  }
  return resolved;
}

function parseAddress(address: string): { host: string; port: number } {
  const match = /^\[?(?<host>[^\]]+)\]?:(?<port>\d+)$/.exec(address);
  const { host = '', port = '' } = match?.groups ?? {};
  if (match === null) throw new RangeError(`advertised must be host:port, not '${address}'.`);
  requireInteger('the port in advertised', Number(port), 1, 65_535);
  return { host, port: Number(port) };
}

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}.`);
  }
}

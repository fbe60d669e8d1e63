import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ClusterIdentity } from './cluster-identity.js';
import { GroupCoordinator } from './group/group-coordinator.js';
import { routes } from './handlers/routes.js';
import { LogMemory } from './log/log-memory.js';
import { Connection } from './network/connection.js';
import { RequestDispatcher } from './network/request-dispatcher.js';
import { resolveOptions, type KafkaBrokerOptions, type ResolvedOptions } from './options.js';
import { ProducerIds } from './producer/producer-ids.js';
import { Storage } from './storage/storage.js';
import { checkTopicConfig } from './topic/topic-config.js';
import { TopicCatalog } from './topic/topic-catalog.js';

/** Kafka, too, closes connections after this long without a request. */
const idleTimeoutMs = 10 * 60 * 1000;

/** Listening on all addresses includes this one, which clients on the same machine can use. */
const wildcards = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** A running broker. */
export interface KafkaBroker {
  readonly host: string;
  readonly port: number;
  /** `host:port`, as clients on this machine want it in their list of brokers; or what is advertised. */
  readonly address: string;
  readonly dataDir: string;
  /** Names of the topics that there are now. */
  readonly topics: readonly string[];
  /** How often acknowledged data was forced to disk since the start: once for all that arrived together. */
  readonly syncs: number;
  /** Stops listening, drops the clients, finishes writing and gives the data folder free. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a broker in this process. Resolves when clients can connect and everything that was acknowledged before is
 * there again.
 *
 * @throws RangeError for an impossible option, FolderLockedError while another broker uses the data folder, StorageError
 *   when its files are damaged, and what `net.Server.listen` throws, such as EADDRINUSE
 */
export async function startKafkaBroker(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const resolved = resolveOptions(options);
  checkTopicConfig(resolved.topicDefaults);
  const dataDir = resolved.dataDir ?? (await mkdtemp(join(tmpdir(), 'embedded-kafka-')));
  const broker = new Broker(await Storage.open(resolve(dataDir), resolved), resolved);
  try {
    await broker.start();
  } catch (error) {
    await broker.abandon();
    throw error;
  }
  return broker;
}

class Broker implements KafkaBroker {
  private readonly memory: LogMemory;
  private readonly cluster: ClusterIdentity;
  private readonly catalog: TopicCatalog;
  private readonly groups: GroupCoordinator;
  private readonly producerIds: ProducerIds;
  private readonly server: Server = createServer();
  private readonly connections = new Set<Connection>();
  private retention: NodeJS.Timeout | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly options: ResolvedOptions,
  ) {
    const { log } = options;
    this.memory = new LogMemory(options.recentBytes, log);
    this.cluster = new ClusterIdentity(storage);
    this.catalog = new TopicCatalog(storage, this.memory, {
      defaultPartitions: options.partitions,
      defaults: options.topicDefaults,
      log,
    });
    this.groups = new GroupCoordinator(storage, {
      initialRebalanceDelayMs: options.groupInitialRebalanceDelayMs,
      offsetsRetentionMs: options.offsetsRetentionMs,
    });
    this.producerIds = new ProducerIds(storage);
    this.catalog.onDeleted((topic) => this.groups.forgetTopic(topic.name));
  }

  get host(): string {
    return this.options.host;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    const { host, port } = this.options.advertised ?? this;
    const reachable = wildcards.get(host) ?? host;
    return reachable.includes(':') ? `[${reachable}]:${port}` : `${reachable}:${port}`;
  }

  get dataDir(): string {
    return this.storage.folder;
  }

  get topics(): string[] {
    return this.catalog.all.map(({ name }) => name);
  }

  get syncs(): number {
    return this.storage.syncs;
  }

  async start(): Promise<void> {
    await this.storage.recover(this.catalog);
    await this.catalog.deleteLeftovers();
    this.memory.forgetWritten();
    const dispatcher = this.createDispatcher();
    this.server.on('connection', (socket) => this.accept(socket, dispatcher));
    this.server.listen(this.options.port, this.options.host);
    await once(this.server, 'listening');
    this.groups.goLive();
    this.retention = setInterval(() => void this.applyRetention(), this.options.retentionCheckMs);
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  /** Ends a broker that could not be started. */
  async abandon(): Promise<void> {
    this.memory.close();
    this.groups.close();
    await this.storage.abandon();
    await this.removeTemporaryFolder();
  }

  private async shutDown(): Promise<void> {
    clearInterval(this.retention);
    const closed = once(this.server, 'close');
    this.server.close();
    for (const connection of this.connections) connection.close();
    await closed;
    this.groups.close();
    try {
      await this.catalog.settle();
      await this.storage.close();
    } finally {
      this.memory.close();
      await this.removeTemporaryFolder();
    }
  }

  private async removeTemporaryFolder(): Promise<void> {
    if (this.options.dataDir === undefined) await rm(this.dataDir, { recursive: true, force: true });
  }

  private createDispatcher(): RequestDispatcher {
    const { options } = this;
    const services = {
      clusterId: this.cluster.id,
      topics: this.catalog,
      groups: this.groups,
      producerIds: this.producerIds,
      log: options.log,
      settings: {
        dataDir: this.dataDir,
        defaultPartitions: options.partitions,
        autoCreateTopics: options.autoCreateTopics,
        minSessionTimeoutMs: options.groupMinSessionTimeoutMs,
        maxSessionTimeoutMs: options.groupMaxSessionTimeoutMs,
        maxFetchBytes: options.maxFetchBytes,
      },
    };
    return new RequestDispatcher(routes(services), options.advertised);
  }

  private accept(socket: Socket, dispatcher: RequestDispatcher): void {
    const { maxRequestBytes, log } = this.options;
    const connection = new Connection(socket, dispatcher, { maxRequestBytes, idleTimeoutMs, log });
    this.connections.add(connection);
    connection.onClose(() => this.connections.delete(connection));
  }

  private async applyRetention(): Promise<void> {
    try {
      await this.catalog.applyRetention(Date.now());
      await this.groups.expire(Date.now());
    } catch (error) {
      this.options.log(`Retention failed and is tried again: ${(error as Error).message}`);
    }
  }
}

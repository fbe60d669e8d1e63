import { randomBytes } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './programs.js';

const host = '127.0.0.1';

export interface KafkaNodeOptions {
  /** Of its settings and its data; it must exist. */
  readonly folder: string;
  /** As of `resolveKafkaClasspath`. */
  readonly jars: string;
  /** Where clients connect, on the loopback interface. */
  readonly port: number;
  /** Where it talks to itself. */
  readonly controllerPort: number;
  /** Settings of server.properties in addition to, or instead of, what a single node needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Options of the Java machine. */
  readonly javaOptions?: readonly string[];
}

/** Apache Kafka as a single node that is broker and controller: how to prepare and to run it. Who does so is the caller. */
export class KafkaNode {
  readonly command = 'java';
  readonly dataDir: string;
  readonly #properties: string;

  constructor(private readonly options: KafkaNodeOptions) {
    this.dataDir = join(options.folder, 'data');
    this.#properties = join(options.folder, 'server.properties');
  }

  /** `host:port` */
  get address(): string {
    return `${host}:${this.options.port}`;
  }

  get args(): string[] {
    const { jars, javaOptions = [] } = this.options;
    const java = ['-Xmx512m', '-Dlog4j2.level=INFO', ...javaOptions];
    return [...java, '-cp', jars, 'kafka.Kafka', this.#properties];
  }

  /** Writes its settings, and makes its data folder where there is none yet. */
  async prepare(): Promise<void> {
    const { jars, port, controllerPort, settings } = this.options;
    const all = { ...singleNode(port, controllerPort), 'log.dirs': this.dataDir, ...settings };
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(this.#properties, lines.join(''));
    const formatted = await stat(join(this.dataDir, 'meta.properties')).catch(() => undefined);
    if (formatted) return;
    const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
    const format = ['format', '--cluster-id', clusterId, '--config', this.#properties];
    await runProgram('java', ['-cp', jars, 'kafka.tools.StorageTool', ...format]);
  }
}

function singleNode(clientPort: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${host}:${controllerPort}`,
    listeners: `PLAINTEXT://${host}:${clientPort},CONTROLLER://${host}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${host}:${clientPort}`,
    'controller.listener.names': 'CONTROLLER',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
  };
}

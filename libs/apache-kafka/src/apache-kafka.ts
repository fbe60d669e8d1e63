import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { resolveKafkaClasspath } from './kafka-classpath.js';
import { KafkaNode } from './kafka-node.js';
import { kafkaPrograms, requirePrograms } from './programs.js';

const host = '127.0.0.1';
const keptLogLines = 200;

export interface ApacheKafkaOptions {
  /** Settings of server.properties in addition to, or instead of, what a single node needs. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Options of the Java machine. */
  readonly javaOptions?: readonly string[];
  /** Folder in which the temporary folder for all data is made; the system's unless given. */
  readonly parentFolder?: string;
}

/** A running broker. */
export interface ApacheKafka {
  readonly version: string;
  /** `host:port` */
  readonly address: string;
  readonly pid: number;
  readonly dataDir: string;
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Ends the process and removes its data. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts Apache Kafka as a single node that is broker and controller, on free ports of the loopback interface and with
 * its data in a temporary folder. Resolves when it serves clients. It does not outlive this process.
 *
 * @throws MissingProgramError without java or mvn
 */
export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  requirePrograms(kafkaPrograms);
  const { version, jars } = await resolveKafkaClasspath();
  const folder = await mkdtemp(join(options.parentFolder ?? tmpdir(), 'apache-kafka-'));
  try {
    const [port, controllerPort] = (await freePorts(2)) as [number, number];
    const { settings, javaOptions } = options;
    const node = new KafkaNode({ folder, jars, port, controllerPort, settings, javaOptions });
    await node.prepare();
    const child = spawn(node.command, node.args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const { address, dataDir } = node;
    const kafka = new KafkaProcess(child, folder, { version, address, dataDir });
    await kafka.untilStarted();
    return kafka;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

class KafkaProcess implements ApacheKafka {
  readonly version: string;
  readonly address: string;
  readonly dataDir: string;
  readonly log: string[] = [];
  private readonly exited: Promise<unknown>;
  private readonly started: Promise<void>;
  private stopped: Promise<void> | undefined;
  private readonly kill = () => void this.child.kill('SIGKILL');

  constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    description: { readonly version: string; readonly address: string; readonly dataDir: string },
  ) {
    this.version = description.version;
    this.address = description.address;
    this.dataDir = description.dataDir;
    this.exited = once(child, 'exit');
    process.once('exit', this.kill);
    this.started = new Promise((resolve) => {
      for (const output of [child.stdout!, child.stderr!]) {
        createInterface(output).on('line', (line) => {
          this.log.push(line);
          if (this.log.length > keptLogLines) this.log.shift();
          if (line.includes('Kafka Server started')) resolve();
        });
      }
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  async untilStarted(): Promise<void> {
    const ended = this.exited.then(() => {
      throw new Error(`Apache Kafka ended before it had started:\n${this.log.join('\n')}`);
    });
    await Promise.race([this.started, ended]);
    ended.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  /** Nothing is kept, so there is nothing that it would have to finish. */
  private async end(): Promise<void> {
    this.kill();
    await this.exited;
    process.off('exit', this.kill);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Ports that nobody listened on a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, host));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

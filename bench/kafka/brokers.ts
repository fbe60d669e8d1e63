import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startApacheKafka } from '@orderbridge/apache-kafka';

/** A broker in a process of its own. */
export interface Broker {
  readonly name: string;
  /** `host:port` */
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const COMMAND = fileURLToPath(new URL('../../libs/embedded-kafka/src/cli.js', import.meta.url));

/** The stand-in, as a user starts it. */
export async function startStandIn(): Promise<Broker> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-kafka-'));
  const port = await freePort();
  const child = fork(COMMAND, ['--data', folder, '--port', `${port}`], { stdio: 'pipe', execArgv: [] });
  child.stderr?.pipe(process.stderr);
  const ended = once(child, 'exit');
  const started = once(child.stdout as NodeJS.ReadableStream, 'data');
  await Promise.race([
    started,
    ended.then(() => {
      throw new Error('The stand-in ended before it listened.');
    }),
  ]);
  return {
    name: 'embedded-kafka',
    address: `127.0.0.1:${port}`,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

/** Apache Kafka, which leaves its data to the page cache unless `flush` has it force each request's data to disk. */
export async function startApache(flush: boolean): Promise<Broker> {
  const settings: Record<string, string> = flush ? { 'log.flush.interval.messages': '1' } : {};
  const kafka = await startApacheKafka({ settings });
  return {
    name: `Apache Kafka ${kafka.version}${flush ? ', flushing' : ''}`,
    address: kafka.address,
    pid: kafka.pid,
    stop: () => kafka.stop(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

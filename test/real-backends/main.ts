import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaNode, kafkaPrograms, requirePrograms, resolveKafkaClasspath } from '@orderbridge/apache-kafka';
import { clientLibrary } from '@orderbridge/embedded-mq';
import { debianPostgres } from '@orderbridge/local-postgres';
import { leaveOut, writeEnvironmentFiles } from '../../apps/stack/src/by-hand.js';
import { readOptions, type Options } from '../../apps/stack/src/options.js';
import { linksFrom, portsFrom, type Ports } from '../../apps/stack/src/ports.js';
import type { ProcessDefinition } from '../../apps/stack/src/process-definition.js';
import { Supervisor } from '../../apps/stack/src/supervisor.js';
import { topology } from '../../apps/stack/src/topology.js';
import { welcome } from '../../apps/stack/src/welcome.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * The services on Apache Kafka, the stand-in for IBM MQ as a process of its own and Debian's PostgreSQL. To a service
 * that makes no difference but by the addresses in its environment: it has no channel to a parent. What dies is
 * started again, as containers are.
 */
async function main({ data, portOffset, without }: Options): Promise<void> {
  const ports = portsFrom(portOffset);
  let supervisor: Supervisor | undefined;
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await supervisor?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  // Who reads along may leave.
  process.stdout.on('error', () => undefined);

  const mqLibrary = await clientLibrary({ cacheDir: join(data, 'mq-client') });
  const place = { data, ports, links: linksFrom(portOffset), mqLibrary };
  const kafka = await apacheKafka(join(data, 'kafka'), ports);
  const all = topology(place, debianPostgres()).map((definition) =>
    definition.name === 'kafka' ? kafka : { ...definition, ipc: false },
  );
  await writeEnvironmentFiles(join(data, 'env'), all);
  if (stopping) return;
  supervisor = new Supervisor({ processes: leaveOut(all, without), logs: join(data, 'logs'), say });
  await supervisor.start();
  say(welcome(data, ports, portOffset));
}

async function apacheKafka(folder: string, ports: Ports): Promise<ProcessDefinition> {
  requirePrograms(kafkaPrograms);
  const jars = process.env['APACHE_KAFKA_JARS'] ?? (await resolveKafkaClasspath()).jars;
  const port = ports.kafka;
  const node = new KafkaNode({ folder, jars, port, controllerPort: port + 1 });
  return {
    name: 'kafka',
    command: node.command,
    args: node.args,
    environment: {},
    needs: [],
    port,
    stopSignal: 'SIGTERM',
    ipc: false,
    async prepare() {
      await mkdir(folder, { recursive: true });
      await node.prepare();
    },
  };
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaNode, kafkaPrograms, requirePrograms, resolveKafkaClasspath } from '@orderbridge/apache-kafka';
import { debianPostgres } from '@orderbridge/local-postgres';
import { launch } from '../../apps/stack/src/launch.js';
import { readOptions } from '../../apps/stack/src/options.js';
import type { Ports } from '../../apps/stack/src/ports.js';
import type { ProcessDefinition } from '../../apps/stack/src/process-definition.js';
import { topology, type Place } from '../../apps/stack/src/topology.js';

/**
 * The services on Apache Kafka, the stand-in for IBM MQ as a process of its own and Debian's PostgreSQL. To a service
 * that makes no difference but by the addresses in its environment: it has no channel to a parent. What dies is
 * started again, as containers are.
 */
async function realBackends(place: Place): Promise<ProcessDefinition[]> {
  const kafka = await apacheKafka(join(place.data, 'kafka'), place.ports);
  return topology(place, debianPostgres()).map((definition) =>
    definition.name === 'kafka' ? kafka : { ...definition, ipc: false },
  );
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
  await launch(readOptions(process.argv.slice(2)), realBackends);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './programs.js';

const pom = fileURLToPath(new URL('../pom.xml', import.meta.url));

export interface KafkaClasspath {
  /** Apache Kafka's version, such as 4.1.0. */
  readonly version: string;
  /** As java's option -cp wants it. */
  readonly jars: string;
}

/** Has Maven put the jars of pom.xml into ~/.m2, from its repositories where they are not there yet. */
export async function resolveKafkaClasspath(): Promise<KafkaClasspath> {
  const folder = await mkdtemp(join(tmpdir(), 'apache-kafka-classpath-'));
  try {
    const file = join(folder, 'classpath');
    await runProgram('mvn', [
      '--batch-mode',
      '--quiet',
      '--file',
      pom,
      'dependency:build-classpath',
      `-Dmdep.outputFile=${file}`,
    ]);
    const jars = (await readFile(file, 'utf8')).trim();
    const [, version = 'of unknown version'] = /kafka_2\.13-([\d.]+)\.jar/.exec(jars) ?? [];
    return { version, jars };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

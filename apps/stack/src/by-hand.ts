import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessDefinition } from './process-definition.js';

/**
 * Writes down what each service is given, in a form that shells and `node --env-file` read. Services of IBM MQ need a
 * shell: LD_LIBRARY_PATH has to be set before their process begins.
 */
export async function writeEnvironmentFiles(
  folder: string,
  processes: readonly ProcessDefinition[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, environment, readyUrl } of processes) {
    if (readyUrl === undefined) continue;
    const lines = Object.entries(environment).map(([key, value]) => `${key}='${value}'\n`);
    await writeFile(join(folder, `${name}.env`), lines.join(''));
  }
}

/**
 * The processes without those that the user wants to run by hand.
 *
 * @throws Error with a line for the user when a name is none.
 */
export function leaveOut(
  processes: readonly ProcessDefinition[],
  without: readonly string[],
): readonly ProcessDefinition[] {
  const services = processes.filter(({ readyUrl }) => readyUrl !== undefined).map(({ name }) => name);
  const unknown = without.filter((name) => !services.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `--without ${unknown.join(', ')}: there is no such service. Known: ${services.join(', ')}.`,
    );
  }
  return processes.filter(({ name }) => !without.includes(name));
}

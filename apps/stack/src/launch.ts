import { join } from 'node:path';
import { clientLibrary } from '@orderbridge/embedded-mq';
import { leaveOut, writeEnvironmentFiles } from './by-hand.js';
import { claimDataFolder } from './data-folder.js';
import type { Options } from './options.js';
import { linksFrom, portsFrom } from './ports.js';
import type { ProcessDefinition } from './process-definition.js';
import { Supervisor } from './supervisor.js';
import type { Place } from './topology.js';
import { welcome } from './welcome.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Starts a system and resolves when it is ready. From then on it runs until this process gets SIGINT, SIGTERM or SIGHUP;
 * then everything is stopped, and the process ends.
 *
 * @param processesOf what the system consists of
 * @throws Error with a line for the user when it cannot be started; then nothing is left running.
 */
export async function launch(
  { data, portOffset, without }: Options,
  processesOf: (place: Place) => readonly ProcessDefinition[] | Promise<readonly ProcessDefinition[]>,
): Promise<void> {
  const release = await claimDataFolder(data);
  const ports = portsFrom(portOffset);
  let supervisor: Supervisor | undefined;
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    say('\nStopping …');
    await supervisor?.stop();
    await release();
    say('Stopped.');
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
  // Who reads along may leave, as `head` does.
  process.stdout.on('error', () => undefined);

  try {
    say('Starting …');
    const mqLibrary = await clientLibrary({ cacheDir: join(data, 'mq-client') });
    const all = await processesOf({ data, ports, links: linksFrom(portOffset), mqLibrary });
    await writeEnvironmentFiles(join(data, 'env'), all);
    supervisor = new Supervisor({
      processes: leaveOut(all, without),
      logs: join(data, 'logs'),
      say,
    });
    await supervisor.start();
    say(welcome(data, ports, portOffset));
  } catch (error) {
    if (stopping) return;
    await release();
    throw error;
  }
}

import { join } from 'node:path';
import { clientLibrary } from '@orderbridge/embedded-mq';
import { leaveOut, writeEnvironmentFiles } from './by-hand.js';
import { claimDataFolder } from './data-folder.js';
import { readOptions, USAGE, type Options } from './options.js';
import { linksFrom, portsFrom } from './ports.js';
import { Supervisor } from './supervisor.js';
import { topology } from './topology.js';
import { welcome } from './welcome.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main({ data, portOffset, without }: Options): Promise<void> {
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
    const all = topology({ data, ports, links: linksFrom(portOffset), mqLibrary });
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

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await main(options);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

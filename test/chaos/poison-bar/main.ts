import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { ChaosSystem, emptyCluster } from '../system/chaos-system.js';
import { measure } from './measure.js';

const USAGE = `Usage: npm run chaos:poison -- [options]

Places good orders, then as many again with orders among them that hurt themselves at a partner, on one system. The bar:
good orders are shipped within twice the time (99th percentile) in which they are without the others; each of the others is
at its end, or parked at the dead-letter desk, after two minutes; and each can be cancelled. Exit code 1 when it is missed.

  --good N          good orders, each time (default 1000)
  --poison N        orders among them that hurt themselves (default 100)
  --rate N          good orders per second (default 10)
  --seed S          of what is ordered (default 1)
  --port-offset N   as of npm start (default 5000)
  --help            this text
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function run(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      good: { type: 'string', default: '1000' },
      poison: { type: 'string', default: '100' },
      rate: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      'port-offset': { type: 'string', default: '5000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(USAGE);
    return true;
  }
  const cluster = await emptyCluster();
  const system = new ChaosSystem(Number(values['port-offset']), cluster, false);
  const remove = async (): Promise<void> => {
    await system.remove();
    await rm(dirname(cluster), { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void remove().finally(() => process.exit(1)));
  try {
    await system.start();
    const { good, poison, rate, seed } = values;
    const sizes = { good: Number(good), poison: Number(poison), rate: Number(rate), seed: Number(seed) };
    const { figures, misses } = await measure(system.stack, sizes, say);
    for (const line of figures) say(line);
    for (const miss of misses) say(`MISSED ${miss}`);
    if (misses.length === 0) say('The bar is met.');
    return misses.length === 0;
  } finally {
    await remove();
  }
}

try {
  process.exit((await run()) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}

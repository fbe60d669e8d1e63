import { constants } from 'node:os';
import { RunningStack } from '@orderbridge/running-stack';
import { prepareFloor, requirePgbench } from './floor/floor.js';
import { closedLoop } from './load/closed-loop.js';
import { Orders } from './load/orders.js';
import { readOptions, USAGE, type Options } from './options.js';
import { PARTS } from './parts/parts.js';
import { report, type Figure } from './report.js';
import { verify } from './verify.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Milliseconds; the most that a timer takes. */
const NEVER = 2 ** 31 - 1;

let isInterrupted = false;

/** Leaves nothing running when the user gives up, also when only this process is told so. */
function removeOnSignal(stack: RunningStack): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (isInterrupted) return;
      isInterrupted = true;
      say(`\n${signal}: removing the system …`);
      void stack.remove().finally(() => process.exit(128 + constants.signals[signal]));
    });
}

async function bench(options: Options): Promise<Figure[]> {
  await requirePgbench();
  process.env['DELIVERY_AFTER_MS'] = `${NEVER}`;
  const stack = await RunningStack.create(options.portOffset);
  removeOnSignal(stack);
  const orders = new Orders(stack);
  try {
    say('Starting the system, with a carrier that delivers nothing meanwhile …');
    const begun = performance.now();
    await stack.start();
    const startSeconds = (performance.now() - begun) / 1_000;
    await prepareFloor(stack);
    await orders.start();

    say(`Warming up for ${options.warmUp} s …`);
    await closedLoop(orders, options.inFlight, { settle: 0, measured: options.warmUp });

    const figures: Figure[] = [
      {
        name: 'npm start to ready',
        value: `${startSeconds.toFixed(1)} s`,
        target: '≤ 20 s',
        reached: startSeconds <= 20,
      },
    ];
    for (const name of options.parts) figures.push(...(await PARTS[name]({ stack, orders, say }, options)));

    say('Checking that no order was lost or doubled, and that all that failed were undone …');
    await verify(stack, orders.accepted);
    say(
      `${orders.accepted.size} orders, each ended as it should, in the services' books and the partners'.\n`,
    );
    return figures;
  } finally {
    await orders.stop();
    if (!isInterrupted) await stack.remove();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else say(report(await bench(options)));
} catch (error) {
  // Whatever fails while the system is being removed is no news.
  if (!isInterrupted) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
}

import { measureDisk } from '../floor/disk.js';
import { report, type Figure } from '../report.js';
import { measureBacklog, type Backlog } from './measurements/backlog.js';
import { measureMemory, type Course, type Memory } from './measurements/memory.js';
import { measureSteadyLoads, type SteadyLoad } from './measurements/steady-load.js';
import { measureUnitsOfWork, type Throughput, type UnitsOfWork } from './measurements/units-of-work.js';
import { readOptions, USAGE, type Options } from './options.js';
import { Rig } from './rig.js';

/** Milliseconds that the 99th percentile of event-loop delay must stay below, by messages per second. */
const DELAY_TARGETS = new Map([
  [100, 20],
  [500, 50],
]);
/** Most growth of memory from the half to the end of a run, in percent. */
const GROWTH_TARGET = 10;
/** Most growth of the queue manager's memory by messages on a queue, in percent of the size of their bodies. */
const BACKLOG_TARGET = 25;
/** Seconds of each of the two measurements of the floor. */
const FLOOR_SECONDS = 2;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

async function bench(rig: Rig, options: Options): Promise<Figure[]> {
  const { connections, messages, size, steady } = options;
  say('Floor …');
  const floors = [measureDisk(rig.folder, FLOOR_SECONDS)];
  say(`Units of work, 1 and ${plural(connections, 'connection')} …`);
  const unitsOfWork = await measureUnitsOfWork(rig, options);
  say('Floor …');
  floors.push(measureDisk(rig.folder, FLOOR_SECONDS));
  say(`A backlog of ${messages} messages …`);
  const backlog = await measureBacklog(rig, options);
  say(`Steady loads, ${steady} s each …`);
  const loads = await measureSteadyLoads(rig, options);
  say(`Memory, ${messages} messages …`);
  const memory = await measureMemory(rig, options);
  say('No message was lost or doubled.\n');
  return [
    ...floors.map((floor, index) => ({
      name: `floor: 4 KB forced to disk, ${index === 0 ? 'before' : 'after'}`,
      value: `${floor.toFixed(0)} /s`,
    })),
    ...unitsOfWork.flatMap((result) =>
      unitFigures(result, floors.reduce((sum, floor) => sum + floor, 0) / floors.length),
    ),
    ...backlogFigures(backlog, size),
    ...loads.flatMap(loadFigures),
    ...memoryFigures(memory, messages),
  ];
}

function unitFigures({ connections, unit, put, got }: UnitsOfWork, floor: number): Figure[] {
  const load = `embedded-mq, ${plural(connections, 'connection')}, units of ${unit}`;
  const figure = (verb: string, { rate, unitsPerSync }: Throughput): Figure => ({
    name: `${load}: ${verb}`,
    value: `${rate.toFixed(0)} messages/s, ${(rate / floor).toFixed(2)} × floor, ${unitsPerSync.toFixed(1)} units per sync`,
  });
  return [figure('put', put), figure('got', got)];
}

function backlogFigures({ before, full, messages, consumed }: Backlog, size: number): Figure[] {
  const growth = full - before;
  const percent = (growth * 1_048_576 * 100) / (messages * size);
  return [
    ...consumed.map(({ unit, handler, consumers, measured: { rate, delay } }) => ({
      name: `ibm-mq, ${plural(consumers, 'consumer')}, handler of ${handler} ms, units of ${unit}`,
      value: `${rate.toFixed(0)} messages/s, event loop p99 ${delay.p99.toFixed(1)} ms`,
    })),
    {
      name: `queue manager, ${messages} messages on the queue`,
      value: `${before.toFixed(0)} → ${full.toFixed(0)} MB, ${percent.toFixed(0)} % of them`,
      target: `≤ ${BACKLOG_TARGET} %`,
      reached: percent <= BACKLOG_TARGET,
    },
  ];
}

function loadFigures({ rate, measured: { delay, latency } }: SteadyLoad): Figure[] {
  const load = rate === 0 ? 'idle' : `${rate} messages/s`;
  const milliseconds = (...values: number[]): string =>
    `${values.map((value) => value.toFixed(1)).join(' / ')} ms`;
  const eventLoop = {
    name: `event loop of the consumer, ${load}: p50 / p99 / max`,
    value: milliseconds(delay.p50, delay.p99, delay.max),
  };
  const target = DELAY_TARGETS.get(rate);
  if (target === undefined) return [eventLoop];
  return [
    { ...eventLoop, target: `p99 < ${target} ms`, reached: delay.p99 < target },
    { name: `due → handler, ${load}: p50 / p99`, value: milliseconds(latency.p50, latency.p99) },
  ];
}

function memoryFigures({ rate, consumer, queueManager }: Memory, messages: number): Figure[] {
  const figure = (name: string, { start, half, end }: Course): Figure => {
    const growth = ((end - half) * 100) / half;
    return {
      name: `${name}, ${messages} messages: start, half, end`,
      value: `${[start, half, end].map((value) => value.toFixed(0)).join(', ')} MB, ${growth.toFixed(0)} % from half to end`,
      target: `≤ ${GROWTH_TARGET} %`,
      reached: growth <= GROWTH_TARGET,
    };
  };
  return [
    { name: 'through the queue, sent and consumed at once', value: `${rate.toFixed(0)} messages/s` },
    figure('memory of the consumer', consumer),
    figure('memory of the queue manager', queueManager),
  ];
}

let interrupted = false;

/** Removes everything when the user gives up. */
function removeOnSignal(rig: Rig): void {
  for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const])
    process.on(signal, () => {
      if (interrupted) return;
      interrupted = true;
      void rig.remove().finally(() => process.exit(code));
    });
}

async function run(options: Options): Promise<void> {
  const rig = new Rig();
  removeOnSignal(rig);
  try {
    await rig.start();
    say(report(await bench(rig, options)));
  } finally {
    if (!interrupted) await rig.remove();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await run(options);
} catch (error) {
  if (!interrupted) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(1);
  }
}

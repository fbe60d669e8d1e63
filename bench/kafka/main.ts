import { tmpdir } from 'node:os';
import { measureDisk } from '../floor/disk.js';
import { report, type Figure } from '../report.js';
import { residentMegabytes, usageBelow } from '../usage/processes.js';
import { startApache, startStandIn, type Broker } from './brokers.js';
import { connect, consume, createTopic, produce } from './load.js';
import { readOptions, USAGE, type Options } from './options.js';

/** Messages of one request. */
const BATCHES = [1, 100];

/** Messages per second by batch, and what the broker spent. */
interface Measured {
  readonly produced: Map<number, number[]>;
  readonly consumed: number[];
  /** CPU microseconds of the broker per message, produced and consumed. */
  readonly cpu: number[];
  megabytes: number;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function measure(broker: Broker, round: number, options: Options, into: Measured): Promise<void> {
  const { size, inFlight, seconds } = options;
  const kafka = connect(broker.address);
  for (const batch of BATCHES) {
    const load = { size, batch, inFlight };
    const topic = `round-${round}-batch-${batch}`;
    await createTopic(kafka, topic);
    const warm = await produce(kafka, topic, load, { first: 0, seconds: 1 });
    const before = cpuSeconds(broker);
    const { messages, seconds: took } = await produce(kafka, topic, load, { first: warm.messages, seconds });
    into.produced.set(batch, [...(into.produced.get(batch) ?? []), messages / took]);
    const total = warm.messages + messages;
    const reading = await consume(kafka, topic, total);
    if (batch === BATCHES.at(-1)) {
      into.consumed.push(total / reading);
      into.cpu.push(((cpuSeconds(broker) - before) * 1e6) / total);
    }
  }
  into.megabytes = residentMegabytes(broker.pid);
}

const cpuSeconds = ({ pid }: Broker): number =>
  [...usageBelow(pid).values()].reduce((sum, usage) => sum + usage.cpuSeconds, 0);

function figures(results: ReadonlyMap<string, Measured>, floor: number): Figure[] {
  const [standIn] = results.values();
  if (!standIn) return [];
  const rows: [string, (measured: Measured) => number][] = [
    ...BATCHES.map((batch): [string, (measured: Measured) => number] => [
      `produced, ${batch} per request`,
      ({ produced }) => mean(produced.get(batch) ?? []),
    ]),
    ['consumed', ({ consumed }) => mean(consumed)],
  ];
  return [
    { name: 'floor: 4 KB forced to disk', value: `${floor.toFixed(0)} /s` },
    ...rows.flatMap(([name, rate]) =>
      [...results].map(([broker, measured]) => ({
        name: `${name}: ${broker}`,
        value:
          measured === standIn
            ? `${rate(measured).toFixed(0)} /s`
            : `${rate(measured).toFixed(0)} /s, embedded-kafka ${(rate(standIn) / rate(measured)).toFixed(2)} × that`,
      })),
    ),
    ...[...results].map(([broker, { cpu, megabytes }]) => ({
      name: `CPU per message produced and consumed, memory: ${broker}`,
      value: `${mean(cpu).toFixed(0)} µs, ${megabytes.toFixed(0)} MB`,
    })),
  ];
}

async function bench(options: Options): Promise<Figure[]> {
  const brokers: Broker[] = [];
  try {
    say('Starting the stand-in and two Apache Kafka …');
    for (const start of [startStandIn, () => startApache(false), () => startApache(true)])
      brokers.push(await start());
    const results = new Map<string, Measured>(
      brokers.map(({ name }) => [name, { produced: new Map(), consumed: [], cpu: [], megabytes: 0 }]),
    );
    const floor = measureDisk(tmpdir(), 2);
    for (let round = 1; round <= options.rounds; round++) {
      for (const broker of brokers) {
        say(`Round ${round}, ${broker.name} …`);
        await measure(broker, round, options, results.get(broker.name) as Measured);
      }
    }
    say('No message was lost or doubled.\n');
    return figures(results, floor);
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else say(report(await bench(options)));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

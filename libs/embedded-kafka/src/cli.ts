#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { startKafkaBroker, type KafkaBroker } from './kafka-broker.js';

// Requests live for milliseconds: a young generation that does not grow costs little time and saves 40 MB.
setFlagsFromString('--semi-space-growth-factor=1');

const usage = `Usage: orderbridge-kafka --data DIR [options]

Starts a durable single-node broker that speaks Kafka's wire protocol.

  --data DIR             folder for all data; created if need be
  --port N               port to listen on (default 9092; 0 takes any free one)
  --host H               address to listen on (default 127.0.0.1)
  --advertised H:P       where clients are told to find the broker
                         (default: the address through which they have come)
  --partitions N         partitions of topics that are created automatically (default 3)
  --no-auto-create       do not create topics that clients ask for
  --topic-default K=V    a setting for all topics that do not set it, such as
                         retention.ms=3600000; may be given several times
  --rebalance-delay MS   how long the first member of a group waits for others (default 0)
  --help                 show this

SIGTERM and SIGINT stop it; SIGUSR2 prints how often data was forced to disk.
`;

const { values } = readArguments();
if (values.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const broker = await start().catch((error: unknown) => fail(describe(error)));
process.once('SIGTERM', () => void stop(broker));
process.once('SIGINT', () => void stop(broker));
if (process.connected) process.once('disconnect', () => void stop(broker));
process.on('SIGUSR2', () => process.stdout.write(`${JSON.stringify({ syncs: broker.syncs })}\n`));
const topics = broker.topics.length === 1 ? '1 topic' : `${broker.topics.length} topics`;
process.stdout.write(
  `Kafka broker listens on ${broker.address}, data in ${broker.dataDir}, ${topics} found\n`,
);

function readArguments() {
  try {
    return parseArgs({
      options: {
        data: { type: 'string' },
        port: { type: 'string', default: '9092' },
        host: { type: 'string' },
        advertised: { type: 'string' },
        partitions: { type: 'string' },
        'no-auto-create': { type: 'boolean', default: false },
        'topic-default': { type: 'string', multiple: true, default: [] },
        'rebalance-delay': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail((error as Error).message);
  }
}

function start(): Promise<KafkaBroker> {
  if (values.data === undefined) return fail('--data DIR is missing; --help shows all options.');
  return startKafkaBroker({
    dataDir: values.data,
    host: values.host,
    port: toNumber('port', values.port),
    advertised: values.advertised,
    partitions: toNumber('partitions', values.partitions),
    autoCreateTopics: !values['no-auto-create'],
    topicDefaults: Object.fromEntries(values['topic-default'].map(toSetting)),
    groupInitialRebalanceDelayMs: toNumber('rebalance-delay', values['rebalance-delay']),
    log: (line) => process.stderr.write(`${line}\n`),
  });
}

async function stop(running: KafkaBroker): Promise<void> {
  try {
    await running.close();
    process.exit(0);
  } catch (error) {
    fail(describe(error));
  }
}

function toNumber(name: string, value: string): number;
function toNumber(name: string, value: string | undefined): number | undefined;
function toNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) fail(`--${name} must be a number, not '${value}'.`);
  return Number(value);
}

function toSetting(pair: string): [string, string] {
  const [name = '', ...value] = pair.split('=');
  if (value.length === 0) fail(`--topic-default must be NAME=VALUE, not '${pair}'.`);
  return [name, value.join('=')];
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `Port ${values.port} is in use by another process.`;
  if (code === 'EACCES') return `Permission denied: ${message}`;
  return message;
}

function fail(message: string): never {
  process.stderr.write(`orderbridge-kafka: ${message}\n`);
  process.exit(1);
}

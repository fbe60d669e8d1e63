import type { Program } from '../program.js';
import type { MqiClient, Span } from '../programs/mqi-client.js';
import type { Options } from '../options.js';
import { QUEUE } from '../queue.js';
import type { Rig } from '../rig.js';
import { Tally } from '../tally.js';

/** What the queue manager did under one load. */
export interface UnitsOfWork {
  readonly connections: number;
  readonly unit: number;
  readonly put: Throughput;
  readonly got: Throughput;
}

export interface Throughput {
  /** Messages per second. */
  readonly rate: number;
  /** Units of work that were committed with each forcing of data to the disk, on average. */
  readonly unitsPerSync: number;
}

/**
 * Puts persistent messages for so many seconds, then gets them all, with the verbs of `ibmmq`. Each connection is in a
 * process of its own: a verb blocks the process that calls it until the queue manager has answered.
 */
export async function measureUnitsOfWork(rig: Rig, options: Options): Promise<UnitsOfWork[]> {
  const clients = await Promise.all(Array.from({ length: options.connections }, () => rig.mqiClient()));
  const { size } = options;
  await Promise.all(clients.map((client) => client.call('connect', { queue: QUEUE, size })));
  await measure(rig, clients, 50, { ...options, seconds: 1 });
  const results: UnitsOfWork[] = [];
  for (const connections of new Set([1, options.connections]))
    for (const unit of [1, 50])
      results.push(await measure(rig, clients.slice(0, connections), unit, options));
  await Promise.all(clients.map((client) => client.stop()));
  return results;
}

async function measure(
  rig: Rig,
  clients: readonly Program<MqiClient>[],
  unit: number,
  { size, seconds }: Options,
): Promise<UnitsOfWork> {
  const { queueManager } = rig;
  const before = await queueManager.syncs();
  const puts = await Promise.all(
    clients.map((client, stream) => client.call('put', { stream, size, unit, seconds })),
  );
  const between = await queueManager.syncs();
  const gets = await Promise.all(clients.map((client) => client.call('get', { unit })));
  const after = await queueManager.syncs();
  const tally = new Tally();
  for (const { count } of gets) tally.merge(count);
  tally.verify(new Map(puts.map(({ messages }, stream) => [stream, messages])));
  return {
    connections: clients.length,
    unit,
    put: throughput(puts, unit, between - before),
    got: throughput(gets, unit, after - between),
  };
}

function throughput(spans: readonly Span[], unit: number, syncs: number): Throughput {
  const messages = spans.reduce((sum, span) => sum + span.messages, 0);
  const begun = Math.min(...spans.map((span) => span.begun));
  const ended = Math.max(...spans.map((span) => span.ended));
  return { rate: (messages * 1_000) / (ended - begun), unitsPerSync: messages / unit / syncs };
}

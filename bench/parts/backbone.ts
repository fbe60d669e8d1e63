import { measureFloor } from '../floor/floor.js';
import { closedLoop } from '../load/closed-loop.js';
import { allGood } from '../load/order-kinds.js';
import { openLoop } from '../load/open-loop.js';
import { percentile } from '../load/statistics.js';
import { diskSyncs } from '../usage/disk-syncs.js';
import { cpuBetween, usageBelow, type ProcessUsage } from '../usage/processes.js';
import type { Part } from './part.js';

/** Throughput beside the floor, latency, CPU, disk syncs and memory, when every order is good. */
export const backbone: Part = async ({ stack, orders, say }, { seconds, inFlight, rate }) => {
  orders.load = allGood;
  say('Floor …');
  const floors = [await measureFloor(stack, seconds / 2)];

  say(`Closed loop, ${inFlight} orders under way …`);
  let before: { cpu: Map<number, ProcessUsage>; syncs: Awaited<ReturnType<typeof diskSyncs>> } | undefined;
  let after: typeof before;
  const read = async () => ({ cpu: usageBelow(stack.supervisorPid), syncs: await diskSyncs(stack) });
  const closed = await closedLoop(
    orders,
    inFlight,
    { settle: 3, measured: seconds },
    {
      begin: async () => {
        before = await read();
      },
      end: async () => {
        after = await read();
      },
    },
  );
  if (!before || !after) throw new Error('Nothing was measured.');

  say('Floor …');
  floors.push(await measureFloor(stack, seconds / 2));

  say(`Open loop, ${rate} orders per second …`);
  const latencies = await openLoop(orders, rate, { settle: 5, measured: seconds });
  const peaks = usageBelow(stack.supervisorPid);

  const floor = floors.reduce((sum, value) => sum + value, 0) / floors.length;
  const throughput = closed.finished / closed.seconds;
  const cpu = cpuBetween(before.cpu, after.cpu);
  const perOrder = (value: number): string => ((value * 1_000) / closed.finished).toFixed(2);
  const cpuSum = [...cpu.values()].reduce((sum, value) => sum + value, 0);
  const syncs = (name: 'postgres' | 'kafka' | 'mq'): number =>
    ((after?.syncs[name] ?? 0) - (before?.syncs[name] ?? 0)) / closed.finished;
  const syncSum = syncs('postgres') + syncs('kafka') + syncs('mq');
  const [acceptedP99, shippedP99] = [
    percentile(latencies.accepted, 0.99),
    percentile(latencies.shipped, 0.99),
  ];
  const peak = [...peaks.values()].toSorted((a, b) => b.peakMegabytes - a.peakMegabytes);
  const largest = peak[0]?.peakMegabytes ?? Number.NaN;

  return [
    { name: 'floor: five transactions per order, pgbench', value: `${floor.toFixed(0)} orders/s` },
    { name: 'placed → SHIPPED, closed loop', value: `${throughput.toFixed(0)} orders/s` },
    {
      name: 'of the floor',
      value: (throughput / floor).toFixed(3),
      target: '≥ 0.25',
      reached: throughput / floor >= 0.25,
    },
    { name: 'CPU per order, all processes', value: `${perOrder(cpuSum)} ms` },
    ...[...cpu]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, value]) => ({ name: `  ${name}`, value: `${perOrder(value)} ms` })),
    {
      name: 'disk syncs per order (postgres, kafka, mq)',
      value: `${syncSum.toFixed(2)} (${['postgres', 'kafka', 'mq'].map((name) => syncs(name as 'mq').toFixed(2)).join(', ')})`,
    },
    {
      name: `POST /orders at ${rate}/s, p50`,
      value: `${percentile(latencies.accepted, 0.5).toFixed(1)} ms`,
    },
    {
      name: `POST /orders at ${rate}/s, p99`,
      value: `${acceptedP99.toFixed(1)} ms`,
      target: '≤ 25 ms',
      reached: acceptedP99 <= 25,
    },
    {
      name: `placed → SHIPPED at ${rate}/s, p50`,
      value: `${percentile(latencies.shipped, 0.5).toFixed(1)} ms`,
    },
    {
      name: `placed → SHIPPED at ${rate}/s, p99`,
      value: `${shippedP99.toFixed(1)} ms`,
      target: '≤ 150 ms',
      reached: shippedP99 <= 150,
    },
    {
      name: 'largest process, peak',
      value: `${largest.toFixed(0)} MB`,
      target: '< 200 MB',
      reached: largest < 200,
    },
    ...peak
      .filter(({ name }, index) => peak.findIndex((other) => other.name === name) === index)
      .map(({ name, peakMegabytes }) => ({ name: `  ${name}`, value: `${peakMegabytes.toFixed(0)} MB` })),
  ];
};

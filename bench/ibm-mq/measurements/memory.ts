import { percentile } from '../../load/statistics.js';
import { residentMegabytes } from '../../usage/processes.js';
import type { Options } from '../options.js';
import { QUEUE } from '../queue.js';
import { drained, type Rig } from '../rig.js';
import { Tally } from '../tally.js';

/** Resident memory in MB: the medians of its samples around three points of the run. */
export interface Course {
  /** From a tenth to a fifth of the messages. */
  readonly start: number;
  readonly half: number;
  /** In the last tenth. */
  readonly end: number;
}

export interface Memory {
  /** Messages per second through the queue. */
  readonly rate: number;
  readonly consumer: Course;
  readonly queueManager: Course;
}

const UNIT = 50;
/** The producer waits while more messages than these are on the queue. */
const DEEPEST = 2_000;

interface Sample {
  /** Share of the messages that had been consumed. */
  readonly progress: number;
  readonly megabytes: number;
}

/** Sends and consumes at once, and watches the memory of consumer and queue manager. */
export async function measureMemory(rig: Rig, { messages, size }: Options): Promise<Memory> {
  const [producer, consumer] = await Promise.all([rig.producer(), rig.consumer()]);
  const samples: { consumer: Sample[]; queueManager: Sample[] } = { consumer: [], queueManager: [] };
  await consumer.call('start', { unit: UNIT, handler: 0, consumers: 1 });
  const begun = performance.now();
  const range = { first: 0, last: messages, unit: UNIT, deepest: DEEPEST };
  const sending = producer.call('send', { queue: QUEUE, stream: 0, size, ...range });
  const received = drained(consumer, messages, (committed) => {
    const progress = committed / messages;
    samples.consumer.push({ progress, megabytes: residentMegabytes(consumer.pid) });
    samples.queueManager.push({ progress, megabytes: residentMegabytes(rig.queueManager.pid) });
  });
  await Promise.all([sending, received]);
  const seconds = (performance.now() - begun) / 1_000;
  await consumer.call('stop');
  const tally = new Tally();
  tally.merge(await consumer.call('count'));
  tally.verify(new Map([[0, messages]]));
  await Promise.all([producer.stop(), consumer.stop()]);
  return {
    rate: messages / seconds,
    consumer: courseOf(samples.consumer),
    queueManager: courseOf(samples.queueManager),
  };
}

function courseOf(samples: readonly Sample[]): Course {
  const median = (from: number, to: number): number =>
    percentile(
      samples.filter(({ progress }) => progress >= from && progress <= to).map(({ megabytes }) => megabytes),
      0.5,
    );
  return { start: median(0.1, 0.2), half: median(0.45, 0.55), end: median(0.9, 1) };
}

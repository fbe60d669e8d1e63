import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes } from '../../usage/processes.js';
import type { Options } from '../options.js';
import type { Measured } from '../programs/consumer.js';
import { QUEUE } from '../queue.js';
import { drained, type Rig } from '../rig.js';
import { Tally } from '../tally.js';

export interface Backlog {
  /** Resident memory of the queue manager before the messages came, and with all of them on the queue, in MB. */
  readonly before: number;
  readonly full: number;
  /** Messages on the queue. */
  readonly messages: number;
  readonly consumed: readonly Consumed[];
}

export interface Consumed {
  readonly unit: number;
  /** Milliseconds that the handler waits, once for each unit of work. */
  readonly handler: number;
  readonly consumers: number;
  readonly measured: Measured;
}

/** Seconds of each case that are not measured. */
const SETTLE = 1;
/** More messages per second than any case takes. */
const FASTEST = 15_000;
/** Milliseconds for memory to settle. */
const REST = 1_000;

/** Fills the queue, and takes from the backlog with the transport's server in units of work of several sizes. */
export async function measureBacklog(rig: Rig, { messages, size, seconds }: Options): Promise<Backlog> {
  const [producer, consumer] = await Promise.all([rig.producer(), rig.consumer()]);
  let sent = 0;
  const fill = async (depth: number): Promise<void> => {
    const more = depth - (await producer.call('depth', QUEUE));
    if (more <= 0) return;
    const range = { first: sent, last: sent + more, unit: 50, deepest: Infinity };
    await producer.call('send', { queue: QUEUE, stream: 0, size, ...range });
    sent += more;
  };

  const before = residentMegabytes(rig.queueManager.pid);
  await fill(messages);
  await sleep(REST);
  const full = residentMegabytes(rig.queueManager.pid);

  const consumed: Consumed[] = [];
  for (const consumers of [1, 4])
    for (const handler of [0, 2])
      for (const unit of [1, 10, 50]) {
        await fill(FASTEST * (SETTLE + seconds));
        await consumer.call('start', { unit, handler, consumers });
        await sleep(SETTLE * 1_000);
        const measured = await consumer.call('measure', { seconds });
        await consumer.call('stop');
        consumed.push({ unit, handler, consumers, measured });
      }

  await consumer.call('start', { unit: 50, handler: 0, consumers: 1 });
  await drained(consumer, sent);
  await consumer.call('stop');
  const tally = new Tally();
  tally.merge(await consumer.call('count'));
  tally.verify(new Map([[0, sent]]));
  await Promise.all([producer.stop(), consumer.stop()]);
  return { before, full, messages, consumed };
}

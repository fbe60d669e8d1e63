import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from '../options.js';
import type { Measured } from '../programs/consumer.js';
import { QUEUE } from '../queue.js';
import { drained, type Rig } from '../rig.js';
import { Tally } from '../tally.js';

export interface SteadyLoad {
  /** Messages per second that were sent. */
  readonly rate: number;
  /** Of the process that consumes. */
  readonly measured: Measured;
}

const RATES = [0, 100, 500];
/** Seconds of each load that are not measured. */
const SETTLE = 2;

/**
 * Sends at steady rates, and watches the event loop of the process that consumes. Each message is a unit of work of
 * its own, at both ends: nothing makes more verbs of a message.
 */
export async function measureSteadyLoads(rig: Rig, { size, steady }: Options): Promise<SteadyLoad[]> {
  const [producer, consumer] = await Promise.all([rig.producer(), rig.consumer()]);
  await consumer.call('start', { unit: 1, handler: 0, consumers: 1 });
  const loads: SteadyLoad[] = [];
  let sent = 0;
  for (const rate of RATES) {
    const messages = rate * (SETTLE + steady + 1);
    const destination = { queue: QUEUE, stream: 0, size };
    const sending = producer.call('steady', { ...destination, first: sent, messages, rate });
    await sleep(SETTLE * 1_000);
    loads.push({ rate, measured: await consumer.call('measure', { seconds: steady }) });
    await sending;
    sent += messages;
    await drained(consumer, sent);
  }
  await consumer.call('stop');
  const tally = new Tally();
  tally.merge(await consumer.call('count'));
  tally.verify(new Map([[0, sent]]));
  await Promise.all([producer.stop(), consumer.stop()]);
  return loads;
}

import type { Pipeline } from '@orderbridge/messaging';
import type { Random } from '../schedule/random.js';
import type { Process } from '../schedule/scheduler.js';
import type { SimulatedQueue } from './simulated-ibm-mq.js';

export interface IbmMqConsumerOptions {
  readonly process: Process;
  readonly queue: SimulatedQueue;
  readonly pipeline: Pipeline;
  readonly random: Random;
  /** When the unit of work is committed; before the handling only in a mutant. */
  readonly acknowledge: 'after' | 'before';
}

/** Most messages of a unit of work. */
const UNIT = 8;

/** What `IbmMqEventServer` does: units of work that are committed when all is settled; the rejected go to BOQNAME. */
export async function consumeIbmMq({
  process,
  queue,
  pipeline,
  random,
  acknowledge,
}: IbmMqConsumerOptions): Promise<void> {
  process.atCrash(() => queue.backOut(process));
  for (;;) {
    await queue.available(process);
    const taken = queue.take(process, random.between(1, UNIT));
    if (acknowledge === 'before') queue.remove(taken);
    const outcomes = await pipeline.process(
      taken.map(({ message: { headers, body }, messageId }) => ({
        source: { broker: 'ibm-mq' as const, name: queue.name },
        origin: `ibm-mq ${queue.name} ${messageId}`,
        key: headers['ce_subject'] ?? '',
        headers,
        body,
      })),
    );
    await process.step('MQCMIT');
    const rejected = taken.filter((_, index) => outcomes[index]?.status === 'rejected');
    for (const queued of rejected) queue.moveToBackoutQueue(queued);
    queue.remove(taken);
  }
}

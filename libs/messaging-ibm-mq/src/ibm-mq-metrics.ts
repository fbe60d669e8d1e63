import { crashPoint } from '@orderbridge/crash-points';
import type { IbmMqConnectionManager, IbmMqObserver } from '@orderbridge/ibm-mq';
import { ScrapedGauges } from '@orderbridge/messaging';
import { Counter, Gauge, Histogram } from 'prom-client';

const MESSAGE_OUTCOMES = [
  'received',
  'committed',
  'backed_out',
  'requeued',
  'dead_lettered',
  'put_back',
  'sent',
];
const CONNECTION_OUTCOMES = ['made', 'lost', 'failed'];

const messages = new Counter({
  name: 'ibm_mq_messages_total',
  help: `Messages by what became of them: ${MESSAGE_OUTCOMES.join(', ')}`,
  labelNames: ['outcome'],
});
const inFlight = new Gauge({
  name: 'ibm_mq_messages_in_flight',
  help: 'Messages taken from a queue and neither committed nor backed out yet',
  labelNames: ['queue'],
});
const unitMessages = new Histogram({
  name: 'ibm_mq_unit_of_work_messages',
  help: 'Messages taken in a unit of work',
  labelNames: ['queue'],
  buckets: [1, 2, 5, 10, 20, 50, 100],
});
const unitDuration = new Histogram({
  name: 'ibm_mq_unit_of_work_duration_seconds',
  help: 'Time from the first message taken to the end of the commit',
  labelNames: ['queue'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
});
const commitDuration = new Histogram({
  name: 'ibm_mq_commit_duration_seconds',
  help: 'Time of an MQCMIT, for which it holds the event loop',
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1],
});
const connections = new Counter({
  name: 'ibm_mq_connections_total',
  help: `Connections by what became of them: ${CONNECTION_OUTCOMES.join(', ')}`,
  labelNames: ['outcome'],
});
// Prometheus sees an increase only from a value that it has seen: the first one counts, too.
for (const outcome of MESSAGE_OUTCOMES) messages.inc({ outcome }, 0);
for (const outcome of CONNECTION_OUTCOMES) connections.inc({ outcome }, 0);

const depths = new ScrapedGauges(
  {
    ibm_mq_queue_messages: 'Messages on a queue (CURDEPTH), uncommitted ones included',
  },
  ['queue'],
);

/** Lets each scrape ask for the depth of these queues and of their backout queues. */
export function measureQueues(connection: IbmMqConnectionManager, queues: readonly string[]): void {
  for (const queue of queues) {
    let measured: readonly string[] | undefined;
    depths.ask(queue, async () => {
      measured ??= [queue, await connection.backoutQueueOf(queue)].filter((name) => name !== undefined);
      const samples = [];
      for (const name of measured) {
        const depth = await connection.queueDepth(name);
        samples.push({ labels: { queue: name }, values: { ibm_mq_queue_messages: depth } });
      }
      return samples;
    });
  }
}

/** Counts what happens on the connections to IBM MQ; the transport logs it itself. */
export function ibmMqMetrics(): IbmMqObserver {
  const count = (outcome: string, amount = 1): void => messages.inc({ outcome }, amount);
  return {
    connected: () => connections.inc({ outcome: 'made' }),
    disconnected: () => connections.inc({ outcome: 'lost' }),
    connectFailed: () => connections.inc({ outcome: 'failed' }),
    received(queue, amount) {
      count('received', amount);
      inFlight.inc({ queue }, amount);
    },
    committed(queue, { messages: amount, milliseconds, commitMilliseconds }) {
      crashPoint('ibm-mq.committed');
      count('committed', amount);
      inFlight.dec({ queue }, amount);
      unitMessages.observe({ queue }, amount);
      unitDuration.observe({ queue }, milliseconds / 1_000);
      commitDuration.observe(commitMilliseconds / 1_000);
    },
    backedOut(queue, amount) {
      count('backed_out', amount);
      inFlight.dec({ queue }, amount);
    },
    requeued: () => count('requeued'),
    deadLettered: () => count('dead_lettered'),
    putBack: () => count('put_back'),
    sent({ messages: amount, commitMilliseconds }) {
      count('sent', amount);
      commitDuration.observe(commitMilliseconds / 1_000);
    },
  };
}

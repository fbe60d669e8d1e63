import type { IbmMqObserver } from '@orderbridge/ibm-mq';
import { Counter, Histogram } from 'prom-client';

const messages = new Counter({
  name: 'ibm_mq_messages_total',
  help: 'Messages by what became of them: received, committed, backed_out, requeued, dead_lettered, sent',
  labelNames: ['outcome'],
});
const commitDuration = new Histogram({
  name: 'ibm_mq_commit_duration_seconds',
  help: 'Time of an MQCMIT, for which it holds the event loop',
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1],
});
const connections = new Counter({
  name: 'ibm_mq_connections_total',
  help: 'Connections by what became of them: made, lost, failed',
  labelNames: ['outcome'],
});

/** Counts what happens on the connections to IBM MQ; the transport logs it itself. */
export function ibmMqMetrics(): IbmMqObserver {
  const count = (outcome: string, amount = 1): void => messages.inc({ outcome }, amount);
  return {
    connected: () => connections.inc({ outcome: 'made' }),
    disconnected: () => connections.inc({ outcome: 'lost' }),
    connectFailed: () => connections.inc({ outcome: 'failed' }),
    received: (_queue, amount) => count('received', amount),
    committed(_queue, { messages: amount, commitMilliseconds }) {
      count('committed', amount);
      commitDuration.observe(commitMilliseconds / 1_000);
    },
    backedOut: (_queue, amount) => count('backed_out', amount),
    requeued: () => count('requeued'),
    deadLettered: () => count('dead_lettered'),
    sent({ messages: amount, commitMilliseconds }) {
      count('sent', amount);
      commitDuration.observe(commitMilliseconds / 1_000);
    },
  };
}

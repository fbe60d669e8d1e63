import { Logger } from '@nestjs/common';
import { TYPE_HEADER, type Broker } from '@orderbridge/contracts';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { DataSource } from 'typeorm';
import { ScrapedGauges } from './metrics/scraped-gauges.js';
import type { OutboxRow } from './outbox/outbox.js';
import type { OutgoingMessage } from './outbox/outgoing-message.js';
import type { RelayObserver } from './outbox/relay-observer.js';
import type { Delivery } from './pipeline/delivery.js';
import type { PipelineObserver } from './pipeline/pipeline-observer.js';

const events = new Counter({
  name: 'inbox_events_total',
  help: 'Events by what became of them: handled, duplicate, rejected',
  labelNames: ['outcome'],
});
// Prometheus sees an increase only from a value that it has seen: the first rejection counts, too.
for (const outcome of ['handled', 'duplicate', 'rejected']) events.inc({ outcome }, 0);
const batchSize = new Histogram({
  name: 'inbox_batch_size',
  help: 'Events per transaction',
  buckets: [1, 2, 5, 10, 20, 50, 100],
});
const batchDuration = new Histogram({
  name: 'inbox_batch_duration_seconds',
  help: 'Time from the start of a transaction to its commit',
  buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});
const inboxRetries = new Counter({
  name: 'inbox_retries_total',
  help: 'Transactions that had to be tried again',
});
const published = new Counter({
  name: 'outbox_published_total',
  help: 'Messages published from the outbox; the types order.* tell what becomes of orders',
  labelNames: ['broker', 'destination', 'type'],
});
const relayRetries = new Counter({
  name: 'outbox_retries_total',
  help: 'Batches whose publishing had to be tried again',
  labelNames: ['broker'],
});
const relayLeading = new Gauge({
  name: 'outbox_leading',
  help: '1 where this process publishes what the outbox has for the broker',
  labelNames: ['broker'],
});

/** Rows that a scrape reads at the most of each kind, so that a full outbox costs no more than that. */
const MOST_COUNTED = 10_000;

const outbox = new ScrapedGauges(
  {
    outbox_messages: `Messages in the outbox, counted up to ${MOST_COUNTED}; the broker refuses parked ones permanently`,
    outbox_oldest_seconds:
      'Age of the oldest message in the outbox that waits, or is parked; 0 when there is none',
  },
  ['broker', 'state'],
);

interface OutboxDepth {
  readonly broker: Broker;
  readonly state: 'waiting' | 'parked';
  readonly messages: number;
  readonly oldest: number;
}

/** Count and age of the first rows of a state in the order in which they are published, found by an index. */
const depthOf = (state: OutboxDepth['state'], condition: string): string =>
  `SELECT lane.broker, '${state}' AS state, depth.* FROM unnest($1::text[]) AS lane (broker), LATERAL (
     SELECT count(*)::integer AS messages, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float AS oldest
     FROM (SELECT created_at FROM outbox WHERE outbox.broker = lane.broker AND ${condition}
           ORDER BY id LIMIT ${MOST_COUNTED}) AS first
   ) AS depth`;

const DEPTHS = `${depthOf('waiting', 'parked_at IS NULL')} UNION ALL ${depthOf('parked', 'parked_at IS NOT NULL')}`;

/** Lets each scrape read from this database how much the outbox has for these brokers, and since when. */
export function measureOutbox(dataSource: DataSource, brokers: readonly Broker[]): void {
  outbox.ask('outbox', async () => {
    const rows: OutboxDepth[] = await dataSource.query(DEPTHS, [brokers]);
    return rows.map(({ broker, state, messages, oldest }) => ({
      labels: { broker, state },
      values: { outbox_messages: messages, outbox_oldest_seconds: oldest },
    }));
  });
}

/** Counts and logs what pipelines and relay do. */
export class MessagingMetrics implements PipelineObserver, RelayObserver {
  readonly #logger = new Logger('Messaging');

  committed({
    handled,
    duplicates,
    milliseconds,
  }: {
    handled: number;
    duplicates: number;
    milliseconds: number;
  }): void {
    events.inc({ outcome: 'handled' }, handled);
    events.inc({ outcome: 'duplicate' }, duplicates);
    batchSize.observe(handled + duplicates);
    batchDuration.observe(milliseconds / 1_000);
  }

  rejected({ origin, key, headers }: Delivery, error: Error): void {
    events.inc({ outcome: 'rejected' });
    this.#logger.error({
      err: error,
      origin,
      key,
      type: headers['ce_type'],
      id: headers['ce_id'],
      correlationId: headers['ce_correlationid'],
      message: 'Message rejected',
    });
  }

  leading(broker: Broker, leading: boolean): void {
    relayLeading.set({ broker }, leading ? 1 : 0);
    this.#logger.log({
      broker,
      message: leading ? 'Publishing the outbox' : 'No longer publishing the outbox',
    });
  }

  published(broker: Broker, messages: readonly OutgoingMessage[]): void {
    for (const { destination, headers } of messages)
      published.inc({ broker, destination: destination.name, type: String(headers[TYPE_HEADER] ?? 'none') });
  }

  parked({ id, destination, messageId, key }: OutboxRow, error: Error): void {
    this.#logger.error({
      err: error,
      id,
      destination,
      messageId,
      key,
      message: 'The broker refuses a message for good',
    });
  }

  retrying(
    ...args: [error: Error, failures: number] | [broker: string, error: Error, failures: number]
  ): void {
    const [broker, error, failures] = args.length === 3 ? args : [undefined, ...args];
    if (broker) relayRetries.inc({ broker });
    else inboxRetries.inc();
    this.#logger.warn({ broker, failures, message: `Trying again: ${error.message}` });
  }
}

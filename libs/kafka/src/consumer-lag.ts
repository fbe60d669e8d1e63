import { ScrapedGauges } from '@orderbridge/messaging';
import type { KafkaConnection } from './kafka-connection.js';

const gauges = new ScrapedGauges(
  {
    kafka_consumer_lag_messages:
      'Messages of a topic that a group has not committed yet, up to half a second late',
  },
  ['group', 'topic'],
);

/** Lets each scrape ask Kafka how far a group is behind. */
export function measureLag(connection: KafkaConnection, group: string, topics: readonly string[]): void {
  gauges.ask(group, async () =>
    [...(await connection.lagOf(group, topics))].map(([topic, lag]) => ({
      labels: { group, topic },
      values: { kafka_consumer_lag_messages: lag },
    })),
  );
}

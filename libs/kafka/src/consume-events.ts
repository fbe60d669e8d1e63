import type { INestApplication } from '@nestjs/common';
import { MessagingMetrics, PostgresStarts, UnitsOfWork } from '@orderbridge/messaging';
import { Readiness } from '@orderbridge/service';
import { measureLag } from './consumer-lag.js';
import { KafkaConnection } from './kafka-connection.js';
import { KafkaEventServer } from './kafka-event-server.js';

/** The strategy for an application's `@OnEvent` handlers on Kafka topics, as part of its readiness. */
export function kafkaEvents(
  app: INestApplication,
  group: string,
  topics: readonly string[],
): KafkaEventServer {
  const connection = app.get(KafkaConnection);
  const server = new KafkaEventServer({
    connection,
    group,
    topics,
    unitsOfWork: app.get(UnitsOfWork),
    observer: app.get(MessagingMetrics),
    starts: app.get(PostgresStarts),
  });
  measureLag(connection, group, topics);
  app.get(Readiness).register('kafka-consumer', () => server.check());
  return server;
}

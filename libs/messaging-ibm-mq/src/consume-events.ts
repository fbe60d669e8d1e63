import type { INestApplication } from '@nestjs/common';
import { IbmMqConnectionManager } from '@orderbridge/ibm-mq';
import { MessagingMetrics, UnitsOfWork } from '@orderbridge/messaging';
import { Readiness } from '@orderbridge/service';
import { IbmMqEventServer } from './ibm-mq-event-server.js';
import { measureQueues } from './ibm-mq-metrics.js';

/** The strategy for an application's `@OnEvent` handlers on IBM MQ queues, as part of its readiness. */
export function ibmMqEvents(
  app: INestApplication,
  consumer: string,
  queues: readonly string[],
): IbmMqEventServer {
  const connection = app.get(IbmMqConnectionManager);
  const server = new IbmMqEventServer({
    connection,
    consumer,
    queues,
    unitsOfWork: app.get(UnitsOfWork),
    observer: app.get(MessagingMetrics),
  });
  measureQueues(connection, queues);
  app.get(Readiness).register('ibm-mq-consumer', () => server.check());
  return server;
}

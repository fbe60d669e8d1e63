import type { INestApplication } from '@nestjs/common';
import { IbmMqConnectionManager } from '@orderbridge/ibm-mq';
import { MessagingMetrics, UnitsOfWork } from '@orderbridge/messaging';
import { Readiness } from '@orderbridge/service';
import { DataSource } from 'typeorm';
import { PostgresBackoutLedger } from './backouts/postgres-backout-ledger.js';
import { IbmMqEventServer } from './ibm-mq-event-server.js';
import { measureQueues } from './ibm-mq-metrics.js';

/**
 * The strategy for an application's `@OnEvent` handlers on IBM MQ queues, as part of its readiness. Needs a DataSource with
 * the table of `BackoutLedger1700000000041`.
 */
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
    ledger: new PostgresBackoutLedger(app.get(DataSource)),
  });
  measureQueues(connection, queues);
  app.get(Readiness).register('ibm-mq-consumer', () => server.check());
  return server;
}

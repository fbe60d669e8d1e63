import { Logger } from '@nestjs/common';
import * as api from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import {
  IbmMqClient,
  IbmMqConnectionManager,
  IbmMqServer,
  openTelemetryTracing,
  type IbmMqConnectionOptions,
  type OutgoingMessage,
  type UnitOfWork,
} from '../../src/index.js';
import { serve, tell } from './channel.js';

Logger.overrideLogger(false);
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
const tracer = api.trace.getTracer('test');

/** Passes on what it gets to OUT, in a span of its own; fails for the body `fail`, once. */
class Passing extends IbmMqServer {
  protected override async handleUnitOfWork(unit: UnitOfWork): Promise<void> {
    await tracer.startActiveSpan('work', async (span) => {
      await unit.send(...unit.messages.map(({ body }) => ({ queue: 'OUT', body })));
      span.end();
    });
    const [first] = unit.messages;
    if (first?.text() === 'fail' && first.backoutCount === 0) throw new RangeError('once');
    tell('handled', unit.messages.length);
  }
}

let client: IbmMqClient;
let manager: IbmMqConnectionManager;

serve({
  start({ connection }: { connection: IbmMqConnectionOptions }) {
    manager = new IbmMqConnectionManager(
      connection,
      { committed: () => tell('committed', true) },
      openTelemetryTracing(api),
    );
    client = new IbmMqClient({ connection: manager });
  },
  consume: (batchSize: number) =>
    new Passing({ connection: manager, queues: { IN: { batchSize } }, backoff: { initialDelay: 1 } }).listen(
      () => undefined,
    ),
  send: (messages: OutgoingMessage[]) =>
    tracer.startActiveSpan('request', async (span) => {
      await client.sendBatch(messages).finally(() => span.end());
    }),
  spans: () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: api.SpanKind[span.kind],
      trace: span.spanContext().traceId,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId,
      links: span.links.map(({ context }) => context.spanId),
      attributes: span.attributes,
      status: api.SpanStatusCode[span.status.code],
    })),
});

import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { diag, propagation, trace } from '@opentelemetry/api';
import { TraceCollector } from '../../../../test/tracing/trace-collector.js';
import { startTracing } from './start-tracing.js';

/** Takes connections and says nothing. */
async function silent(): Promise<{ endpoint: string; server: Server; close: () => void }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, close };
}

const OTEL = /^OTEL_/;
let warnings: string[];
const before = { ...process.env };

beforeEach(() => {
  warnings = [];
  jest
    .spyOn(Logger.prototype, 'warn')
    .mockImplementation((text: unknown) => void warnings.push(String(text)));
});
afterEach(() => {
  for (const name of Object.keys(process.env))
    if (OTEL.test(name) && !(name in before)) delete process.env[name];
  trace.disable();
  propagation.disable();
  diag.disable();
  jest.restoreAllMocks();
});

/** As a service is started with these variables. */
const start = (variables: Readonly<Record<string, string>>) => {
  Object.assign(process.env, variables);
  return startTracing('billing', process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);
};
const makeSpans = (count: number): void => {
  const tracer = trace.getTracer('test');
  for (let made = 0; made < count; made++) tracer.startSpan(`span ${made}`).end();
};

test('without an endpoint no span is made', async () => {
  const flush = await start({});
  expect(trace.getTracer('test').startSpan('nothing').isRecording()).toBe(false);
  await flush();
});

test('spans are sent with the name of the service, the last ones at the stop', async () => {
  const collector = await TraceCollector.start();
  const flush = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint });
  makeSpans(3);
  await flush();
  expect(collector.spans.map(({ service, name }) => `${service}: ${name}`)).toEqual(
    [0, 1, 2].map((made) => `billing: span ${made}`),
  );
  collector.close();
});

test('the name and the sampler are those of the standard variables', async () => {
  const collector = await TraceCollector.start();
  const flush = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_SERVICE_NAME: 'till',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.5',
  });
  makeSpans(200);
  await flush();
  expect(new Set(collector.spans.map(({ service }) => service))).toEqual(new Set(['till']));
  expect(collector.spans.length).toBeGreaterThan(50);
  expect(collector.spans.length).toBeLessThan(150);
  collector.close();
});

test('a collector that is silent holds up no stop for long', async () => {
  const collector = await silent();
  const asked = once(collector.server, 'connection');
  const flush = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '4000',
  });
  makeSpans(10_000);
  await asked;
  const began = performance.now();
  await flush();
  expect(performance.now() - began).toBeLessThan(3_500);
  collector.close();
});

test('a collector that is away is told of once', async () => {
  const collector = await silent();
  collector.close();
  const flush = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
  });
  makeSpans(100);
  await flush();
  expect(warnings).toEqual([expect.stringContaining('Spans may be lost')]);
});

import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { fastify, type FastifyInstance } from 'fastify';
import type { Cause } from '@orderbridge/contracts';
import { until } from '@orderbridge/running-stack';
import { RecordedSpans, traceparentOf } from '../../../../test/tracing/recorded-spans.js';
import { aboutOrder, requestFailed, traceRequests } from './request-spans.js';
import { causeOf } from './trace-context.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('spans of requests', () => {
  let spans: RecordedSpans;
  let server: FastifyInstance;
  let url: string;
  const causes: Cause[] = [];

  beforeAll(async () => {
    spans = new RecordedSpans();
    server = fastify({ forceCloseConnections: true });
    traceRequests(server);
    server.get('/orders/:orderId', (request) => {
      causes.push(causeOf(request));
      return {};
    });
    server.post('/orders', (request, reply) => {
      aboutOrder(request, 'o-1');
      return reply.status(201).send({});
    });
    server.get('/broken', (request, reply) => {
      requestFailed(request, new RangeError('too far'));
      return reply.status(500).send({});
    });
    server.get('/slow', () => new Promise(() => undefined));
    for (const quiet of ['/health/ready', '/metrics']) server.get(quiet, () => ({}));
    url = await server.listen({ port: 0, host: '127.0.0.1' });
  });
  beforeEach(() => spans.forget());
  afterAll(async () => {
    await server.close();
    spans.close();
  });

  const ended = async (name: string) => {
    const [span] = await until(
      () => spans.named(name),
      (found) => found.length > 0,
      5,
    );
    if (!span) throw new Error(`There is no span ${name}.`);
    return span;
  };

  test("continue the caller's trace, and what the request causes continues theirs", async () => {
    await fetch(`${url}/orders/o-7?secret=1`, { headers: { traceparent: TRACEPARENT } });
    const span = await ended('GET /orders/:orderId');
    expect(span).toMatchObject({
      parentSpanContext: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
      status: { code: 0 },
    });
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.route': '/orders/:orderId',
      'orderbridge.order.id': 'o-7',
      'http.response.status_code': 200,
    });
    expect(causes.at(-1)?.traceparent).toBe(traceparentOf(span));
  });

  test('tell the order that a route does not', async () => {
    await fetch(`${url}/orders`, { method: 'POST' });
    expect((await ended('POST /orders')).attributes).toMatchObject({
      'orderbridge.order.id': 'o-1',
      'http.response.status_code': 201,
    });
  });

  test('tell what nobody expected; that there is nothing is no failure of ours', async () => {
    await fetch(`${url}/broken`);
    expect(await ended('GET /broken')).toMatchObject({
      attributes: { 'http.response.status_code': 500, 'error.type': '500' },
      status: { code: 2 },
      events: [{ name: 'exception', attributes: { 'exception.message': 'too far' } }],
    });
    await fetch(`${url}/nowhere/${'x'.repeat(20)}`);
    expect(await ended('GET')).toMatchObject({
      attributes: { 'http.response.status_code': 404 },
      status: { code: 0 },
    });
  });

  test('end when the client leaves', async () => {
    const request = httpRequest(`${url}/slow`).end();
    request.on('error', () => undefined);
    await once(server.server, 'request');
    request.destroy();
    expect(await ended('GET /slow')).toMatchObject({
      attributes: { 'error.type': 'ClientLeft' },
      status: { code: 2 },
    });
  });

  test('are not made for health and metrics', async () => {
    for (const quiet of ['/health/ready', '/metrics'])
      expect((await fetch(`${url}${quiet}`)).status).toBe(200);
    await fetch(`${url}/orders/last`);
    await ended('GET /orders/:orderId');
    expect(spans.all).toHaveLength(1);
  });
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import { RecordedSpans, traceparentOf } from '../../../../test/tracing/recorded-spans.js';
import { GatewayUnavailableError, PaymentGatewayClient } from './payment-gateway.client.js';

const item = {
  id: '0193e5a0-0000-7000-8000-000000000003',
  attempts: 1,
  itemFailures: 0,
  chargeKey: 'charge-1',
  cancelled: false,
  givenUp: false,
  paidBefore: false,
  orderId: '0193e5a0-0000-7000-8000-000000000001',
  amount: 500,
  currency: 'EUR',
  paymentToken: 'tok_secret',
  cause: {
    correlationId: 'c',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1',
  },
};

describe('the trace of a charge', () => {
  let spans: RecordedSpans;
  let server: Server;
  let client: PaymentGatewayClient;
  let status: number;
  const traces: unknown[] = [];

  beforeAll(async () => {
    spans = new RecordedSpans();
    server = createServer(({ headers: { traceparent, tracestate } }, response) => {
      traces.push({ traceparent, tracestate });
      response.writeHead(status).end(JSON.stringify({ id: 'ch_1', status: 'succeeded' }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new PaymentGatewayClient(url, 1_000, 4);
  });
  afterAll(async () => {
    await client.onApplicationShutdown();
    server.closeAllConnections();
    server.close();
    spans.close();
  });

  test('goes on from what made it necessary to the gateway, each attempt with a span of its own', async () => {
    status = 503;
    await expect(client.charge(item, 'charge-1')).rejects.toThrow(GatewayUnavailableError);
    status = 201;
    await client.charge({ ...item, attempts: 2 }, 'charge-1');
    const attempts = spans.named('POST /v1/charges');
    expect(attempts).toMatchObject(
      [
        { 'http.response.status_code': 503, 'error.type': '503', 'orderbridge.attempt': 1 },
        { 'http.response.status_code': 201, 'orderbridge.attempt': 2 },
      ].map((attributes) => ({
        attributes: { ...attributes, 'orderbridge.order.id': item.orderId, 'server.address': '127.0.0.1' },
        parentSpanContext: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
      })),
    );
    expect(traces).toEqual(attempts.map((span) => ({ traceparent: traceparentOf(span), tracestate: 'a=1' })));
    expect(JSON.stringify(attempts.map(({ attributes }) => attributes))).not.toContain(item.paymentToken);
  });
});

describe("the gateway's lists", () => {
  let server: Server;
  let client: PaymentGatewayClient;
  let answer: object;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = createServer((_, response) => {
      response.end(JSON.stringify(answer));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = new PaymentGatewayClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 1_000, 4);
  });
  afterAll(async () => {
    await client.onApplicationShutdown();
    server.closeAllConnections();
    server.close();
  });

  const charge = { id: 'ch_1', status: 'succeeded', amount: 500, currency: 'EUR', reference: item.orderId };
  test.each([
    ['without an id', { ...charge, id: '' }],
    ['with an id of 10,000 characters', { ...charge, id: 'c'.repeat(10_000) }],
    ['with a reference of 1,000 characters', { ...charge, reference: 'r'.repeat(1_000) }],
    ['with an amount that is none', { ...charge, amount: 'much' }],
    ['with an unknown status', { ...charge, status: 'who knows' }],
    ['that is null', null],
  ])('an entry %s hides no other', async (_, unusable) => {
    answer = { charges: [unusable, charge], nextCursor: 'ch_1' };
    await expect(client.charges(undefined)).resolves.toEqual({ items: [charge], nextCursor: 'ch_1' });
    const refund = { id: 're_1', charge: 'ch_1', reference: item.orderId, amount: 500 };
    answer = { refunds: [{ ...refund, id: '' }, refund], nextCursor: null };
    await expect(client.refunds(undefined)).resolves.toEqual({ items: [refund], nextCursor: undefined });
  });

  test('what is no page is not believed', async () => {
    answer = { status: 'ok' };
    await expect(client.charges(undefined)).rejects.toThrow(GatewayUnavailableError);
  });
});

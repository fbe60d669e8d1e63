import { once } from 'node:events';
import { createServer } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { RunningStack, until } from '@orderbridge/running-stack';
import { TraceCollector, type SentSpan } from '../tracing/trace-collector.js';

const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const SHIP_TO = {
  name: 'Ada Lovelace',
  street: '12 St James Square',
  postalCode: '10117',
  city: 'Berlin',
  country: 'DE',
};
/** The client's, whose trace is recorded. */
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CLIENT_SPAN = 'b7ad6b7169203331';
/** Whoever watches is in no trace that is recorded. */
const UNRECORDED = { traceparent: '00-11111111111111111111111111111111-2222222222222222-00' };
/** Milliseconds that all services together may take to stop. */
const STOP_TIME = 15_000;

jest.setTimeout(180_000);

const shipped = async (stack: RunningStack, headers: Record<string, string> = {}): Promise<string> => {
  const order = { userId: USER, items: { [LAMP]: 1 }, shipTo: SHIP_TO, paymentToken: 'tok_approve' };
  const { status, body } = await stack.post('order', '/orders', order, headers);
  expect([status, body.title]).toEqual([201, undefined]);
  const orderId = body.orderId as string;
  await until(
    async () => {
      const answer = await fetch(stack.url('order', `/orders/${orderId}`), { headers: UNRECORDED });
      return ((await answer.json()) as { status: string }).status;
    },
    (current) => current === 'SHIPPED',
  );
  return orderId;
};

describe('with a collector', () => {
  let collector: TraceCollector;
  let stack: RunningStack;

  beforeAll(async () => {
    collector = await TraceCollector.start();
    stack = await RunningStack.create(3_500, {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    await stack.start();
  });

  afterAll(async () => {
    await stack.remove();
    collector.close();
  });

  const of = (service: string, kind: SentSpan['kind'], name: string): SentSpan[] =>
    collector.spans.filter((span) => span.service === service && span.kind === kind && span.name === name);
  const one = (service: string, kind: SentSpan['kind'], name: string): SentSpan => {
    const found = of(service, kind, name);
    expect([service, kind, name, found.length]).toEqual([service, kind, name, 1]);
    return found[0] as SentSpan;
  };

  test('an order is one trace, from the client over Kafka, IBM MQ and SOAP to the label', async () => {
    const orderId = await shipped(stack, { traceparent: `00-${TRACE}-${CLIENT_SPAN}-01` });
    await until(
      () => of('order', 'consumer', 'process shipment.created').length,
      (spans) => spans > 0,
    );
    // Stopped, nothing is held back any more.
    expect(await stack.stop()).toBe(0);

    expect(new Set(collector.spans.map(({ trace }) => trace))).toEqual(new Set([TRACE]));
    const placed = one('order', 'server', 'POST /orders');
    const reserving = one('inventory', 'consumer', 'process order.created');
    const charging = one('payment', 'consumer', 'process inventory.reserved');
    const charge = one('payment', 'client', 'POST /v1/charges');
    const charged = one('payment-gateway-mock', 'server', 'POST /v1/charges');
    const booking = one('shipping', 'consumer', 'process payment.processed');
    const call = one('shipping', 'client', 'CarrierService/createShipment');
    const booked = one('carrier-mock', 'server', 'CarrierService/createShipment');
    const followed = ['inventory.reserved', 'payment.processed', 'shipment.created'].map((type) =>
      one('order', 'consumer', `process ${type}`),
    );
    expect(
      [placed, reserving, charging, charge, charged, booking, call, booked, ...followed].map(
        ({ parent }) => parent,
      ),
    ).toEqual([
      ...[CLIENT_SPAN, placed.id, reserving.id, charging.id, charge.id, charging.id, booking.id, call.id],
      ...[reserving.id, charging.id, booking.id],
    ]);

    const origins = [reserving, charging, booking].map(({ attributes }) => [
      attributes['messaging.system'],
      attributes['messaging.destination.name'],
    ]);
    expect(origins).toEqual([
      ['kafka', 'orders'],
      ['ibmmq', 'INVENTORY.EVENTS'],
      ['kafka', 'payments'],
    ]);
    const found = collector.spans.filter(({ attributes }) => attributes['orderbridge.order.id'] === orderId);
    expect(new Set(found.map(({ service }) => service))).toEqual(
      new Set(['order', 'inventory', 'payment', 'shipping', 'carrier-mock']),
    );
    expect(collector.spans.filter(({ failed }) => failed)).toEqual([]);
    for (const secret of [...Object.values(SHIP_TO).filter((value) => value.length > 2), 'tok_approve', USER])
      expect(collector.text).not.toContain(secret);
  });
});

describe('with a collector that is away, or does not answer', () => {
  const collector = createServer();
  let stack: RunningStack;

  beforeAll(async () => {
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as { port: number };
    collector.close();
    stack = await RunningStack.create(3_600, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '1000',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    });
    await stack.start();
  });

  afterAll(() => stack.remove());

  const warnings = async (): Promise<number> => {
    const log = await readFile(join(stack.data, 'logs', 'order.log'), 'utf8');
    return log.split('Spans may be lost').length - 1;
  };

  test('orders ship, whoever reads the log is told once, and the services stop in time', async () => {
    await shipped(stack);
    await until(warnings, (count) => count > 0);
    await shipped(stack);
    expect(await warnings()).toBe(1);

    const asked = once(collector, 'connection');
    collector.listen(
      Number(new URL(stack.environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '').port),
      '127.0.0.1',
    );
    await shipped(stack);
    await asked;
    const began = performance.now();
    expect(await stack.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(STOP_TIME);
    expect(stack.output).not.toContain('does not stop');
    collector.close();
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createConnection } from 'node:net';
import { promisify } from 'node:util';
import { BACKENDS, partnersBooks, RunningStack, until, type ServiceName } from '@orderbridge/running-stack';

const run = promisify(execFile);

const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const TABLE = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb';
const SOLD_OUT = 'dddddddd-dddd-dddd-dddd-dddddddddddd';
const SHIP_TO = {
  name: 'Ada',
  street: '1 Market Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
};
const SERVICES: ServiceName[] = [
  'order',
  'inventory',
  'payment',
  'shipping',
  'dead-letter-desk',
  'carrier-mock',
  'payment-gateway-mock',
];

/** About npm start itself, which brings its own brokers and database along. */
const testNpmStart = BACKENDS === 'embedded' ? test : test.skip;

jest.setTimeout(120_000);

describe('the first order', () => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await RunningStack.create(1_000, { DELIVERY_AFTER_MS: '30000' });
    await stack.start();
  });

  afterAll(() => stack.remove());

  const place = async (order: object = {}): Promise<string> => {
    const { status, body } = await stack.post('order', '/orders', {
      userId: USER,
      items: { [LAMP]: 1 },
      ...order,
    });
    expect([status, body.title]).toEqual([201, undefined]);
    return body.orderId as string;
  };
  const ends = async (orderId: string, expected: string) => {
    const { body } = await until(
      () => stack.get('order', `/orders/${orderId}`),
      (answer) => answer.body.status === expected,
    );
    return body;
  };

  test('the curl of the welcome, to the letter, ships an order with a label', async () => {
    const command = /curl -X POST[^\n]*\\\n[^\n]*/.exec(stack.output)?.[0];
    expect(command).toContain(`'{"userId":"${USER}","amount":500,"items":{"${LAMP}":2,"${TABLE}":1}}'`);
    const { stdout } = await run('sh', ['-c', `${command} -s -i`]);
    expect(stdout).toMatch(/^HTTP\/1.1 201 Created/);
    const orderId = /location: \/orders\/(\S+)/i.exec(stdout)?.[1] ?? '';
    const order = await ends(orderId, 'SHIPPED');
    expect(order).toMatchObject({ totalAmount: 500, trackingNumber: expect.stringMatching(/^MP\d{18}DE$/) });

    const timeline = await stack.get('order', `/orders/${orderId}/timeline`);
    expect(timeline.body.entries.map(({ cause }: { cause: string }) => cause)).toEqual([
      'order.created',
      'inventory.reserved',
      'payment.processed',
      'shipment.created',
    ]);
    const label = await stack.get('shipping', `/shipments/${orderId}/label`);
    expect([label.status, label.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    expect(label.body).toMatch(/^%PDF/);
    const payment = await stack.get('payment', `/payment/status/${orderId}`);
    expect(payment.body).toMatchObject({
      status: 'SUCCEEDED',
      amount: 500,
      invoice: { number: order.invoiceNumber },
    });
  });

  test.each<[string, object, string, RegExp]>([
    [
      'is out of stock',
      { items: { [SOLD_OUT]: 1, [LAMP]: 1 } },
      'REJECTED',
      /Brass wall clock.*1 ordered, 0 available/,
    ],
    ['is declined', { paymentToken: 'tok_decline' }, 'PAYMENT_FAILED', /declined/],
  ])('an order that %s ends in a clear status', async (_, order, status, reason) => {
    const ended = await ends(await place(order), status);
    expect(ended.reason).toMatch(reason);
  });

  test.each([
    ['tok_approve', 'is'],
    ['tok_refund_timeout', 'is, although the gateway answers too late,'],
    ['tok_refund_error', 'is, although the gateway fails twice,'],
  ])('an order paid with %s that cannot be delivered %s refunded, once', async (paymentToken) => {
    const orderId = await place({ paymentToken, shipTo: { ...SHIP_TO, postalCode: '00000' } });
    expect((await ends(orderId, 'REFUNDED')).reason).toMatch(/postal code 00000/);
    const { charges, refunds, shipments } = await partnersBooks(stack);
    const [charge, ...others] = charges.filter(({ reference }) => reference === orderId);
    expect(others).toEqual([]);
    expect(refunds.filter(({ reference }) => reference === orderId)).toMatchObject([
      { amount: charge?.amount },
    ]);
    expect(shipments.filter((shipment) => shipment.orderId === orderId)).toEqual([]);
  });

  test('orders that are cancelled at any moment are shipped whole or undone whole', async () => {
    const { body: before } = await stack.get('inventory', `/inventory/${TABLE}`);
    const ended = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        // Some take seconds to be charged, so that on any machine not all are shipped before they are cancelled.
        const paymentToken = n % 8 === 0 ? 'tok_timeout' : 'tok_approve';
        const orderId = await place({ items: { [TABLE]: 1 }, paymentToken });
        await sleep(n * 4);
        const { status, body } = await stack.put('order', `/orders/${orderId}/cancel`);
        expect([
          [200, 'CANCELLING'],
          [409, 'SHIPPED'],
        ]).toContainEqual([status, body.orderStatus ?? body.status]);
        await ends(orderId, status === 409 ? 'SHIPPED' : 'CANCELLED');
        return { orderId, cancelled: status === 200 };
      }),
    );
    const those = (cancelled: boolean) =>
      ended.filter((order) => order.cancelled === cancelled).map(({ orderId }) => orderId);
    expect(those(true).length).toBeGreaterThan(0);
    const { charges, refunds, shipments } = await partnersBooks(stack);
    for (const orderId of those(true)) {
      const sum = (entries: { reference: string; amount: number }[]) =>
        entries
          .filter(({ reference }) => reference === orderId)
          .reduce((total, { amount }) => total + amount, 0);
      expect(sum(charges)).toBe(sum(refunds));
      expect(
        shipments.filter((shipment) => shipment.orderId === orderId && shipment.status === 'BOOKED'),
      ).toEqual([]);
    }
    for (const orderId of those(false)) {
      expect(charges.filter(({ reference }) => reference === orderId)).toHaveLength(1);
      expect(refunds.filter(({ reference }) => reference === orderId)).toEqual([]);
      expect(shipments.filter((shipment) => shipment.orderId === orderId)).toMatchObject([
        { status: 'BOOKED' },
      ]);
    }
    const shipped = those(false).length;
    const { body: after } = await until(
      () => stack.get('inventory', `/inventory/${TABLE}`),
      ({ body }) => body.reserved === before.reserved && body.shipped === before.shipped + shipped,
    );
    expect(after.onHand).toBe(before.onHand - shipped);
  });

  test('stock that was reserved for an order that fails can be sold again', async () => {
    const { body: before } = await stack.get('inventory', `/inventory/${TABLE}`);
    await ends(await place({ items: { [TABLE]: 2 }, paymentToken: 'tok_decline' }), 'PAYMENT_FAILED');
    await ends(
      await place({ items: { [TABLE]: 2 }, shipTo: { ...SHIP_TO, postalCode: '00000' } }),
      'REFUNDED',
    );
    const { body: after } = await until(
      () => stack.get('inventory', `/inventory/${TABLE}`),
      ({ body }) => body.reserved === before.reserved,
    );
    expect(after).toMatchObject({ onHand: before.onHand, shipped: before.shipped });
  });

  test.each<[string, object]>([
    ['the gateway charges, but answers too late', { paymentToken: 'tok_timeout' }],
    ['the gateway fails twice', { paymentToken: 'tok_error' }],
    ['the carrier books, but answers too late', { shipTo: { ...SHIP_TO, postalCode: '99408' } }],
    ['the carrier fails twice', { shipTo: { ...SHIP_TO, postalCode: '99500' } }],
  ])('when %s, the order is shipped all the same: one charge, one label', async (_, order) => {
    const orderId = await place(order);
    await ends(orderId, 'SHIPPED');
    const { charges, shipments } = await partnersBooks(stack);
    expect(charges.filter(({ reference }) => reference === orderId)).toHaveLength(1);
    expect(shipments.filter((shipment) => shipment.orderId === orderId)).toHaveLength(1);
  });

  test('stock follows: reserved while an order is under way, gone when it has shipped', async () => {
    const before = (await stack.get('inventory', `/inventory/${TABLE}`)).body;
    await ends(await place({ items: [{ productId: TABLE, quantity: 3 }] }), 'SHIPPED');
    const after = await until(
      () => stack.get('inventory', `/inventory/${TABLE}`),
      ({ body }) => body.reserved === before.reserved,
    );
    expect(after.body).toMatchObject({ shipped: before.shipped + 3, onHand: before.onHand - 3 });
  });

  test.each(SERVICES)('%s serves health, metrics and Swagger UI', async (service) => {
    expect((await stack.get(service, '/health/live')).status).toBe(200);
    expect((await stack.get(service, '/health/ready')).body.status).toBe('ok');
    expect((await stack.get(service, '/metrics')).body).toContain('process_cpu_seconds_total');
    expect((await stack.get(service, '/docs')).body).toContain('swagger-ui');
    expect((await stack.get(service, '/docs-json')).body.openapi).toMatch(/^3\./);
  });

  test("payment's metrics tell what became of its queue's messages", async () => {
    await ends(await place({ items: { [TABLE]: 1 } }), 'SHIPPED');
    const { body } = await until(
      () => stack.get('payment', '/metrics'),
      (answer) => answer.body.includes('ibm_mq_messages_in_flight{queue="INVENTORY.EVENTS"} 0'),
    );
    expect(body).toContain('ibm_mq_queue_messages{queue="INVENTORY.EVENTS"} 0');
    const value = (line: string) => Number(new RegExp(`^${line} (\\d+)$`, 'm').exec(body)?.[1]);
    const committed = value('ibm_mq_messages_total\\{outcome="committed"\\}');
    expect(committed).toBeGreaterThan(0);
    expect(value('ibm_mq_unit_of_work_messages_sum\\{queue="INVENTORY.EVENTS"\\}')).toBe(committed);
  });

  test('a shipped order is delivered some time later', async () => {
    const orderId = await place();
    await ends(orderId, 'DELIVERED');
    const { body: timeline } = await stack.get('order', `/orders/${orderId}/timeline`);
    expect(timeline.entries.at(-1)).toMatchObject({
      cause: 'shipment.delivered',
      source: '/orderbridge/shipping',
    });
    const { body: shipment } = await stack.get('shipping', `/shipments/${orderId}`);
    expect(shipment).toMatchObject({ status: 'DELIVERED', deliveredAt: expect.any(String) });
    expect((await stack.get('shipping', shipment.label)).body).toMatch(/^%PDF/);
    const { status, body } = await stack.put('order', `/orders/${orderId}/cancel`);
    expect([status, body.orderStatus]).toEqual([409, 'DELIVERED']);
  });

  test("the carrier's WSDL can be read", async () => {
    expect((await stack.get('carrier-mock', '/carrier?wsdl')).body).toContain('createShipmentRequest');
  });

  testNpmStart('npm start: a second start on the same data or ports says what to do', async () => {
    const start = (...args: string[]) =>
      run(process.execPath, ['apps/stack/start.mjs', ...args]).catch((error: { stderr: string }) => error);
    expect((await start('--data', stack.data)).stderr).toMatch(/in use by another npm start.*--data OTHER/);
    const other = await RunningStack.create(stack.portOffset);
    expect((await start('--data', other.data, '--port-offset', `${stack.portOffset}`)).stderr).toMatch(
      /Port \d+, for \w+, is in use.*--port-offset/,
    );
    await other.remove();
    expect((await start('--port-offset', 'many')).stderr).toMatch(/--port-offset must be a whole number/);
  });

  test('Ctrl-C stops everything; the next start goes on where it ended', async () => {
    const orderId = await place();
    const pids = await Promise.all([...SERVICES, 'postgres', 'kafka', 'mq'].map((name) => stack.pid(name)));
    expect(await stack.stop()).toBe(0);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    for (const service of SERVICES)
      await expect(connects(new URL(stack.url(service)).port)).resolves.toBe(false);
    await stack.start();
    expect(await ends(orderId, 'SHIPPED')).toMatchObject({ orderId });
    await ends(await place(), 'SHIPPED');
  });

  test('goes on when nobody reads its output any more, and stops everything', async () => {
    stack.closeOutput();
    const killed = await stack.pid('carrier-mock');
    await stack.kill('carrier-mock');
    // Tells that it starts it again.
    await until(
      () => stack.pid('carrier-mock'),
      (pid) => pid !== killed,
    );
    await ends(await place(), 'SHIPPED');
    const postgres = await stack.pid('postgres');
    expect(await stack.stop()).toBe(0);
    expect(() => process.kill(postgres, 0)).toThrow(/ESRCH/);
  });
});

function connects(port: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port: Number(port), host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

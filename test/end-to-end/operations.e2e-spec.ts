import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import pg from 'pg';
import { RunningStack, until, type ServiceName } from '@orderbridge/running-stack';

const SERVICES: ServiceName[] = ['order', 'inventory', 'payment', 'shipping', 'dead-letter-desk'];
const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';

jest.setTimeout(120_000);

/** Names of the metrics in PromQL, without functions, labels and keywords. Prometheus makes `up` itself. */
function metricsOf(expression: string): string[] {
  const bare = expression
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '');
  return [...bare.matchAll(/\b[a-z_][a-z0-9_]*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !['up', 'and', 'or', 'unless', 'sum', 'min', 'max'].includes(name));
}

describe("the operator's view", () => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await RunningStack.create(1_600);
    await stack.start();
  });

  afterAll(() => stack.remove());

  const metrics = async (service: ServiceName): Promise<string> =>
    (await stack.get(service, '/metrics')).body as string;
  const value = async (service: ServiceName, series: string): Promise<number | undefined> => {
    const line = (await metrics(service)).split('\n').find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  const place = async (): Promise<string> => {
    const { status, body } = await stack.post('order', '/orders', { userId: USER, items: { [LAMP]: 1 } });
    expect(status).toBe(201);
    return body.orderId as string;
  };

  test('every metric of the alarms is one that a service has', async () => {
    const rules = readFileSync('deploy/prometheus/alerts.yml', 'utf8');
    const wanted = new Set(
      [...rules.matchAll(/^\s+expr: (.*)$/gm)].flatMap(([, expr = '']) => metricsOf(expr)),
    );
    expect(wanted.size).toBeGreaterThan(10);
    const all = (await Promise.all(SERVICES.map(metrics))).join('\n');
    const known = new Set(
      [...all.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? [`${name}_count`, `${name}_sum`, `${name}_bucket`] : [name],
      ),
    );
    expect([...wanted].filter((name) => !known.has(name))).toEqual([]);
  });

  test('a group that cannot go on falls behind, orders wait and are counted, until it goes on', async () => {
    const inventory = new pg.Client({ connectionString: stack.database('inventory') });
    await inventory.connect();
    const lag = 'kafka_consumer_lag_messages{group="inventory",topic="orders"}';
    try {
      await inventory.query('BEGIN; LOCK TABLE stock');
      for (let orders = 0; orders < 5; orders++) await place();
      await until(
        () => value('inventory', lag),
        (messages) => messages !== undefined && messages >= 5,
      );
      expect(await value('order', 'orders_unfinished{status="PLACED"}')).toBe(5);
      expect(await value('order', 'orders_unfinished_oldest_seconds{status="PLACED"}')).toBeGreaterThan(0);
    } finally {
      await inventory.end();
    }
    await until(
      () => value('inventory', lag),
      (messages) => messages === 0,
    );
    await until(
      async () => (await metrics('order')).match(/^orders_unfinished\{.*\} [1-9]/m),
      (left) => left === null,
    );
    const shipped = 'outbox_published_total{broker="kafka",destination="orders",type="order.shipped"}';
    expect(await value('order', shipped)).toBe(5);
  });

  test('a message that payment cannot take is seen on its backout queue', async () => {
    const depth = 'ibm_mq_queue_messages{queue="INVENTORY.EVENTS.BOQ"}';
    expect(await value('payment', depth)).toBe(0);
    process.kill(await stack.pid('inventory'), 'SIGSTOP');
    try {
      // Paid by hand, and not what the order will cost.
      const payment = {
        orderId: await place(),
        userId: USER,
        amount: 1,
        currency: 'EUR',
        paymentToken: 'tok_approve',
      };
      expect((await stack.post('payment', '/payment', payment)).status).toBe(201);
    } finally {
      process.kill(await stack.pid('inventory'), 'SIGCONT');
    }
    await until(
      () => value('payment', depth),
      (messages) => messages === 1,
    );
    expect(await value('payment', 'inbox_events_total{outcome="rejected"}')).toBe(1);
    const letters = '{broker="ibm-mq",source="INVENTORY.EVENTS.BOQ"}';
    await until(
      () => value('dead-letter-desk', `dead_letters_open${letters}`),
      (open) => open === 1,
    );
    expect(await value('dead-letter-desk', `dead_letters_oldest_seconds${letters}`)).toBeGreaterThan(0);
  });

  test('while the gateway stands still, health and metrics say so, and the service stays ready', async () => {
    process.kill(await stack.pid('payment-gateway-mock'), 'SIGSTOP');
    try {
      for (let orders = 0; orders < 6; orders++) await place();
      await until(
        () => value('payment', 'circuit_breaker_state{partner="payment-gateway",operation="charge"}'),
        (state) => state !== 0,
      );
      expect(await value('payment', 'work_items_open{kind="charge"}')).toBe(6);
      const { status, body } = await stack.get('payment', '/health/ready');
      expect([status, body.details['circuit-breaker payment-gateway charge'].state]).toEqual([
        200,
        expect.stringMatching(/open/),
      ]);
    } finally {
      process.kill(await stack.pid('payment-gateway-mock'), 'SIGCONT');
    }
    await until(
      () => value('payment', 'work_items_open{kind="charge"}'),
      (open) => open === 0,
    );
    expect(
      await value('payment', 'circuit_breaker_state{partner="payment-gateway",operation="charge"}'),
    ).toBe(0);
  });
});

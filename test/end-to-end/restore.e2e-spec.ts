import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jest } from '@jest/globals';
import { BACKENDS, partnersBooks, RunningStack, until, type ServiceName } from '@orderbridge/running-stack';
import pg from 'pg';

const run = promisify(execFile);

/** As docs/operations.md does it: PostgreSQL refuses files of another owner. */
const copyFolder = (from: string, to: string) => run('cp', ['-a', from, to]);

const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
/** The partners' own data, which no restore of ours touches. */
const PARTNERS = new Set(['payment-gateway-mock', 'carrier-mock']);
/** Longer than two deadlines, on a busy machine. */
const SETTLE_MS = 90_000;

jest.setTimeout(300_000);

type Database = 'order' | 'inventory' | 'payment' | 'shipping';
/** What must have become of an order. */
type Fate = 'shipped' | 'cancelled' | 'unknown';

// Copies the data folder of `npm start`.
const describeEmbedded = BACKENDS === 'embedded' ? describe : describe.skip;

describeEmbedded('a restore', () => {
  let stack: RunningStack;
  let copies: string;
  /** Run by hand: after a restore it is the last to start, since a parcel that has left cannot be undone. */
  let shipping: ChildProcess | undefined;
  let lampsAtFirst: number;
  /** What was ordered so far, by order. */
  const expected = new Map<string, Fate>();

  beforeAll(async () => {
    copies = await mkdtemp(join(tmpdir(), 'orderbridge-copies-'));
    const environment = {
      DELIVERY_AFTER_MS: '3600000',
      // What is lost with Kafka's data is asked for again.
      DEADLINE_PLACED_SECONDS: '30',
      DEADLINE_CANCELLING_SECONDS: '10',
      RECONCILE_INTERVAL_SECONDS: '0',
    };
    stack = await RunningStack.create(4_400, environment, ['shipping']);
    await stack.start();
    await startShipping();
    lampsAtFirst = (await lamps()).onHand;
  });

  afterAll(async () => {
    await stopShipping();
    await stack?.remove();
    await rm(copies, { recursive: true, force: true });
  });

  const lamps = async (): Promise<{
    onHand: number;
    reserved: number;
    shipped: number;
  }> => (await stack.get('inventory', `/inventory/${LAMP}`)).body;
  const place = async (count: number): Promise<string[]> => {
    const placed: string[] = [];
    for (let order = 0; order < count; order++) {
      const { status, body } = await stack.post('order', '/orders', {
        userId: USER,
        items: { [LAMP]: 1 },
      });
      expect(status).toBe(201);
      placed.push(body.orderId);
      expected.set(body.orderId, 'shipped');
    }
    return placed;
  };
  const statusOf = async (orderId: string): Promise<string> => {
    const { status, body } = await stack.get('order', `/orders/${orderId}`);
    return status === 404 ? 'unknown' : body.status;
  };
  const reaches = async (orders: readonly string[], wanted: string): Promise<void> => {
    const deadline = performance.now() + SETTLE_MS;
    const statuses = await until(
      () => Promise.all(orders.map(statusOf)),
      (all) => all.every((status) => status === wanted) || performance.now() > deadline,
    );
    expect(statuses).toEqual(orders.map(() => wanted));
  };
  const ship = async (count: number): Promise<string[]> => {
    const placed = await place(count);
    await reaches(placed, 'SHIPPED');
    return placed;
  };
  const startShipping = async (): Promise<void> => {
    shipping = await stack.runByHand('shipping');
    await ready('shipping');
  };
  const stopShipping = async (): Promise<void> => {
    if (!shipping || shipping.exitCode !== null) return;
    const ended = once(shipping, 'exit');
    shipping.kill('SIGTERM');
    await ended;
  };
  const stop = async (): Promise<void> => {
    await stopShipping();
    await stack.stop();
  };
  /** Places orders that wait for their labels; shipping has to be started again. */
  const hold = async (count: number): Promise<string[]> => {
    await stopShipping();
    const placed = await place(count);
    await reaches(placed, 'PAID');
    return placed;
  };
  const cancel = async (orders: readonly string[]): Promise<void> => {
    for (const orderId of orders) {
      const { status, body } = await stack.put('order', `/orders/${orderId}/cancel`);
      expect([status, body]).toEqual([200, expect.anything()]);
      expected.set(orderId, 'cancelled');
    }
    await startShipping();
    await reaches(orders, 'CANCELLED');
  };
  /** Those placed after the copy do not exist in what was restored. */
  const forget = (orders: readonly string[]) => orders.forEach((orderId) => expected.set(orderId, 'unknown'));

  /** Resolves with the exit code and what was printed. */
  const reconcileOnly = async (...services: string[]): Promise<{ code: number; text: string }> => {
    const main = 'dist/apps/reconcile-terminal/src/main.js';
    const args = [main, '--all', '--port-offset', `${stack.portOffset}`, '--settle-seconds', '3'];
    const only = services.flatMap((name) => ['--service', name]);
    return run(process.execPath, [...args, ...only, '--timeout-seconds', '120']).then(
      ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        text: error.stdout + error.stderr,
      }),
    );
  };

  /** As docs/operations.md says: shipping starts when what was cancelled is known to be. */
  const reconcile = async (): Promise<void> => {
    expect(await reconcileOnly('order', 'inventory', 'payment')).toMatchObject({
      code: 0,
    });
    await startShipping();
    expect(await reconcileOnly()).toMatchObject({ code: 0 });
  };

  /** What is wrong with money, parcels, stock and statuses, by the partners' lists and the services' own words. */
  const faults = async (): Promise<string[]> => {
    const { charges, refunds, shipments } = await partnersBooks(stack);
    const found: string[] = [];
    let left = 0;
    for (const [orderId, fate] of expected) {
      const status = await statusOf(orderId);
      const charged = charges.filter((one) => one.reference === orderId && one.status === 'succeeded').length;
      const refunded = refunds.filter(({ reference }) => reference === orderId).length;
      const live = shipments.filter((one) => one.orderId === orderId && one.status !== 'VOIDED').length;
      const is = `${orderId} ${fate}: ${status}, charged ${charged}, refunded ${refunded}, labels ${live}`;
      if (fate === 'shipped') {
        left++;
        if (status !== 'SHIPPED' || charged !== 1 || refunded !== 0 || live !== 1) found.push(is);
      } else {
        const wanted = fate === 'cancelled' ? 'CANCELLED' : 'unknown';
        if (status !== wanted || charged !== 1 || refunded !== 1 || live !== 0) found.push(is);
      }
    }
    const stock = await lamps();
    if (stock.reserved !== 0 || stock.onHand !== lampsAtFirst - left)
      found.push(`${stock.onHand} lamps, ${stock.reserved} reserved; ${lampsAtFirst} at first, ${left} left`);
    const { letters } = (await stack.get('dead-letter-desk', '/dead-letters?state=OPEN')).body;
    for (const { id, type, reason } of letters) found.push(`dead letter ${id} ${type}: ${reason}`);
    return found;
  };
  /** Resolves with none of these, or with those that stay. */
  const faultsThatStay = async (): Promise<string[]> => {
    const deadline = performance.now() + SETTLE_MS;
    return until(faults, (all) => all.length === 0 || performance.now() > deadline, 500);
  };

  test('of everything to a copy: what came after it is undone, what was cancelled after it does not ship', async () => {
    await ship(2);
    const [first = '', second = ''] = await hold(2);
    await stop();
    const copy = join(copies, 'everything');
    await copyFolder(stack.data, copy);

    await stack.start();
    await cancel([first]);
    await reaches([second], 'SHIPPED');
    const later = await ship(2);
    const [calledOff = ''] = await hold(1);
    await cancel([calledOff]);
    expect(await faultsThatStay()).toEqual([]);
    await stop();

    for (const name of await readdir(stack.data))
      if (!PARTNERS.has(name)) await rm(join(stack.data, name), { recursive: true });
    for (const name of await readdir(copy)) {
      if (PARTNERS.has(name)) continue;
      await copyFolder(join(copy, name), join(stack.data, name));
    }
    forget([...later, calledOff]);
    await stack.start();
    await reconcile();
    expect(await faultsThatStay()).toEqual([]);
    await ship(1);
  });

  test.each(['inventory', 'payment', 'shipping', 'order'] as const)(
    'of the database of %s alone, to an older copy',
    async (service) => {
      await ship(1);
      const [first = '', second = ''] = await hold(2);
      await snapshot(service);
      await cancel([first]);
      await reaches([second], 'SHIPPED');
      const later = await ship(2);
      const [calledOff = ''] = await hold(1);
      await cancel([calledOff]);
      expect(await faultsThatStay()).toEqual([]);
      await stopShipping();
      await restore(service);
      if (service === 'order') forget([...later, calledOff]);
      await reconcile();
      expect(await faultsThatStay()).toEqual([]);
      await ship(1);
    },
  );

  test("of nothing, when Kafka's data is lost", async () => {
    await ship(1);
    const held = await hold(1);
    const inFlight = await place(2);
    await stop();
    await rm(join(stack.data, 'kafka'), { recursive: true });
    await stack.start();
    await reconcile();
    await reaches([...held, ...inFlight], 'SHIPPED');
    expect(await faultsThatStay()).toEqual([]);
    await ship(1);
  });

  /** Runs statements on the cluster while nobody else uses the database; the service waits for it meanwhile. */
  const alone = async (service: Database, statements: string[]) => {
    const client = new pg.Client({
      connectionString: stack.database('postgres'),
    });
    await client.connect();
    try {
      await client.query(`ALTER DATABASE "${service}" ALLOW_CONNECTIONS false`);
      for (;;) {
        const { rowCount } = await client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1',
          [service],
        );
        if (rowCount === 0) break;
      }
      for (const statement of statements) await client.query(statement);
      await client.query(`ALTER DATABASE "${service}" ALLOW_CONNECTIONS true`);
    } finally {
      await client.end();
    }
    await ready('order', 'inventory', 'payment');
  };
  const ready = (...services: ServiceName[]) =>
    until(
      () =>
        Promise.all(
          services.map((service) =>
            stack.get(service, '/health/ready').then(
              ({ status }) => status,
              () => 0,
            ),
          ),
        ),
      (statuses) => statuses.every((status) => status === 200),
    );
  const snapshot = (service: Database) =>
    alone(service, [`CREATE DATABASE "${service}_copy" TEMPLATE "${service}"`]);
  const restore = async (service: Database) => {
    // A process that is restored has nothing in memory.
    if (service !== 'shipping') await stack.kill(service);
    await alone(service, [
      `DROP DATABASE "${service}"`,
      `ALTER DATABASE "${service}_copy" RENAME TO "${service}"`,
    ]);
  };
});

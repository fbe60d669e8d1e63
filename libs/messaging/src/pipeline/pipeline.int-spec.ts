import { jest } from '@jest/globals';
import { defineEvent, encodeEvent, createEvent, topic, type CloudEvent } from '@orderbridge/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { z } from 'zod';
import { connectTestDatabase } from '../../../../test/postgres/test-database.js';
import { MessagingTables1700000000000 } from '../messaging-tables.migration.js';
import { PermanentError } from '../retry/errors.js';
import { DeliveryStarts1700000000010 } from '../starts/delivery-starts.migration.js';
import { PostgresStarts } from '../starts/postgres-starts.js';
import { PostgresMessageStore } from '../store/postgres-message-store.js';
import { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import type { Delivery } from './delivery.js';
import type { EventContext } from './event-context.js';
import type { EventRoute } from './event-routes.js';
import { Pipeline, PipelineStoppedError } from './pipeline.js';

const schema = z.object({ orderId: z.string(), value: z.int() });
const added = defineEvent({ type: 'added', version: 1, destinations: [topic('t')], schema });
const doubled = defineEvent({ type: 'doubled', version: 1, destinations: [topic('t')], schema });
type Data = z.infer<typeof schema>;

let position = 0;

function delivery(contract: typeof added, orderId: string, value: number, id?: string): Delivery {
  const event = createEvent(contract, '/test', { orderId, value }, { correlationId: 'c' });
  const { headers, body } = encodeEvent(contract, event);
  return {
    source: topic('t'),
    origin: `test@${position++}`,
    key: orderId,
    headers: { ...headers, ...(id && { ce_id: id }) },
    body: Buffer.from(body),
  };
}

describe('Pipeline', () => {
  let dataSource: DataSource;
  let pipeline: Pipeline;
  /** What the handlers throw for an event, if anything. */
  let fail: (data: Data, manager: EntityManager) => Error | undefined | Promise<undefined>;
  const batches: string[][] = [];
  const rejected: string[] = [];

  /** A handler that adds up values in a table, in the pipeline's transaction. */
  const route = (contract: typeof added, apply: string): EventRoute => ({
    contract,
    group: Symbol(contract.type),
    async handle(events: readonly CloudEvent[], { unitOfWork }: EventContext) {
      batches.push(events.map(({ type, subject }) => `${type} ${subject}`));
      for (const { data } of events as readonly CloudEvent<Data>[]) {
        const error = await fail(data, unitOfWork.manager);
        if (error) throw error;
        await unitOfWork.manager.query(
          `INSERT INTO account VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET total = ${apply}`,
          [data.orderId, data.value],
        );
        unitOfWork.send(contract, data, { correlationId: 'c' });
      }
    },
  });

  const start = (starts?: PostgresStarts, store = new PostgresMessageStore(dataSource)) => {
    const routes = new Map([
      ['added', route(added, 'account.total + excluded.total')],
      ['doubled', route(doubled, 'account.total * 2')],
    ]);
    return new Pipeline({
      consumer: 'test',
      routes,
      unitsOfWork: new UnitsOfWork(store, '/test'),
      observer: {
        committed() {},
        retrying() {},
        rejected: (_delivery, error) => rejected.push(error.message),
      },
      ...(starts && { starts }),
    });
  };

  beforeAll(async () => {
    dataSource = await connectTestDatabase([MessagingTables1700000000000, DeliveryStarts1700000000010]);
    await dataSource.query('CREATE TABLE account (id text PRIMARY KEY, total integer NOT NULL)');
  });

  afterAll(() => dataSource.destroy());

  beforeEach(async () => {
    await dataSource.query('TRUNCATE account, inbox, outbox, delivery_start');
    fail = () => undefined;
    batches.length = 0;
    rejected.length = 0;
    pipeline = start();
  });

  afterEach(() => pipeline.stop());

  const totals = async () => {
    const rows: { id: string; total: number }[] = await dataSource.query('SELECT * FROM account ORDER BY id');
    return Object.fromEntries(rows.map(({ id, total }) => [id, total]));
  };
  const outbox = async () => Number((await dataSource.query('SELECT count(*) FROM outbox'))[0].count);
  const statuses = (deliveries: Delivery[]) =>
    pipeline.process(deliveries).then((outcomes) => outcomes.map(({ status }) => status));

  test('handles what comes together in one transaction', async () => {
    const deliveries = [delivery(added, 'a', 1), delivery(added, 'b', 2), delivery(added, 'a', 3)];
    expect(await statuses(deliveries)).toEqual(['settled', 'settled', 'settled']);
    expect(await totals()).toEqual({ a: 4, b: 2 });
    expect(await outbox()).toBe(3);
    expect(batches).toEqual([['added a', 'added b', 'added a']]);
  });

  test('handles a message once, however often it is delivered', async () => {
    const message = delivery(added, 'a', 1);
    await pipeline.process([message, message]);
    await pipeline.process([message]);
    await Promise.all([pipeline.process([message]), pipeline.process([message])]);
    expect(await totals()).toEqual({ a: 1 });
    expect(await outbox()).toBe(1);
  });

  test('keeps the order of one key across handlers', async () => {
    await pipeline.process([
      delivery(added, 'a', 5),
      delivery(added, 'b', 1),
      delivery(doubled, 'a', 0),
      delivery(added, 'a', 1),
    ]);
    expect(await totals()).toEqual({ a: 11, b: 1 });
  });

  test('a poison message hurts only itself', async () => {
    fail = ({ orderId }) => (orderId === 'poison' ? new PermanentError('breaks a rule') : undefined);
    const deliveries = ['a', 'poison', 'b'].map((orderId) => delivery(added, orderId, 1));
    expect(await statuses(deliveries)).toEqual(['settled', 'rejected', 'settled']);
    expect(rejected).toEqual(['breaks a rule']);
    expect(await totals()).toEqual({ a: 1, b: 1 });
  });

  test('a connection that ends between two statements is no failure of the message, however often', async () => {
    let losses = 4;
    fail = async (_data, manager) => {
      if (losses-- <= 0) return undefined;
      const [{ pid }] = await manager.query('SELECT pg_backend_pid() AS pid');
      await dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
      while (!manager.queryRunner?.isReleased) await new Promise((resolve) => setTimeout(resolve, 5));
      return undefined;
    };
    const message = delivery(added, 'a', 1);
    expect(await statuses([message])).toEqual(['settled']);
    expect(rejected).toEqual([]);
    expect(await totals()).toEqual({ a: 1 });
  });

  test('a rejected message can be handled later, when it is sent again', async () => {
    const message = delivery(added, 'a', 1);
    fail = () => new PermanentError('not yet');
    expect(await statuses([message])).toEqual(['rejected']);
    fail = () => undefined;
    expect(await statuses([message])).toEqual(['settled']);
    expect(await totals()).toEqual({ a: 1 });
  });

  test('tries an unexplained error again before it rejects', async () => {
    let tries = 0;
    fail = () => (++tries < 3 ? new TypeError('a bug') : undefined);
    expect(await statuses([delivery(added, 'a', 1)])).toEqual(['settled']);
    fail = () => new TypeError('a bug that stays');
    expect(await statuses([delivery(added, 'b', 1)])).toEqual(['rejected']);
    expect(await totals()).toEqual({ a: 1 });
  });

  test('waits out a transient error, however long, and rejects nothing', async () => {
    let tries = 0;
    fail = () => (++tries < 6 ? Object.assign(new Error('down'), { code: '57P01' }) : undefined);
    expect(await statuses([delivery(added, 'a', 1), delivery(added, 'b', 1)])).toEqual([
      'settled',
      'settled',
    ]);
    expect(rejected).toEqual([]);
  });

  test.each(['55000', '57014', '42P01', '42501', '0A000'])(
    'the everyday answer %s of PostgreSQL is waited out and costs no attempt',
    async (code) => {
      let tries = 0;
      fail = () => {
        if (++tries < 5) return Object.assign(new Error('not now'), { code });
        return tries === 5 ? new PermanentError('breaks a rule') : undefined;
      };
      expect(await pipeline.process([delivery(added, 'a', 1)])).toMatchObject([
        { status: 'rejected', attempts: 1 },
      ]);
    },
  );

  test('a transaction that cannot be begun says nothing about the message, whatever the reason', async () => {
    const store = new PostgresMessageStore(dataSource);
    let tries = 0;
    const begin = store.transaction.bind(store);
    store.transaction = (work) =>
      ++tries < 5 ? Promise.reject(new Error('SASL: client password must be a string')) : begin(work);
    pipeline = start(undefined, store);
    expect(await statuses([delivery(added, 'a', 1)])).toEqual(['settled']);
    expect(rejected).toEqual([]);
  });

  test('a stop ends the waiting and leaves the message with the broker', async () => {
    let waiting!: () => void;
    const failed = new Promise<void>((resolve) => (waiting = resolve));
    fail = () => {
      waiting();
      return Object.assign(new Error('down'), { code: '57P01' });
    };
    const outcome = pipeline.process([delivery(added, 'a', 1)]).catch((error: unknown) => error);
    await failed;
    await pipeline.stop();
    expect(await outcome).toBeInstanceOf(PipelineStoppedError);
  });

  test('rejects what is no event of its contract; ignores events that nobody here wants', async () => {
    const good = delivery(added, 'a', 1);
    const outcomes = await statuses([
      { ...good, body: Buffer.from('no json') },
      { ...good, headers: {} },
      { ...good, headers: { ...good.headers, ce_type: 'something.else' } },
      good,
    ]);
    expect(outcomes).toEqual(['rejected', 'rejected', 'settled', 'settled']);
    expect(await totals()).toEqual({ a: 1 });
  });

  test('deliveries of several partitions share transactions', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, partition) =>
        pipeline.process([delivery(added, `order ${partition}`, 1)]),
      ),
    );
    expect(batches.flat()).toHaveLength(30);
    expect(batches.length).toBeLessThan(6);
  });

  test('a rejection tells how often and since when the message was tried', async () => {
    const before = Date.now();
    fail = ({ orderId }) => (orderId === 'a' ? new TypeError('a bug') : undefined);
    const [a, b] = await pipeline.process([delivery(added, 'a', 1), delivery(added, 'b', 1)]);
    // Once with the other, three times alone.
    expect(a).toMatchObject({ status: 'rejected', attempts: 4 });
    expect(b).toEqual({ status: 'settled' });
    if (a?.status !== 'rejected') return;
    expect(a.firstTried.getTime()).toBeGreaterThanOrEqual(before);
    expect(a.lastTried.getTime()).toBeGreaterThanOrEqual(a.firstTried.getTime());
  });

  describe('with starts written down', () => {
    /** Somebody else has locked an account. */
    const holdAccount = async (id: string) => {
      await dataSource.query('INSERT INTO account VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET total = 0', [
        id,
      ]);
      const runner = dataSource.createQueryRunner();
      await runner.startTransaction();
      await runner.query('SELECT FROM account WHERE id = $1 FOR UPDATE', [id]);
      return {
        release: async () => {
          await runner.commitTransaction();
          await runner.release();
        },
      };
    };
    const until = async (condition: () => Promise<boolean>) => {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const starts = () => dataSource.query('SELECT origin, starts FROM delivery_start ORDER BY origin');
    /** A process that dies while it handles the value 13: nothing of it happens afterwards. */
    const crash = async (deliveries: Delivery[]) => {
      const last = new PostgresStarts(dataSource);
      last.withdraw = () => new Promise(() => undefined);
      let died!: () => void;
      const death = new Promise<void>((resolve) => (died = resolve));
      fail = ({ value }) => {
        if (value !== 13) return undefined;
        died();
        return Object.assign(new Error('dies'), { code: '57P01' });
      };
      void start(last).process(deliveries);
      await death;
      fail = ({ value }) => (value === 13 ? new Error('handled again') : undefined);
    };

    test('stops in good order while something is unavailable count as no crash', async () => {
      const message = delivery(added, 'a', 1);
      for (let time = 0; time < 4; time++) {
        pipeline = start(new PostgresStarts(dataSource));
        let failed!: () => void;
        const waiting = new Promise<void>((resolve) => (failed = resolve));
        fail = () => {
          failed();
          return Object.assign(new Error('down'), { code: '57P01' });
        };
        const outcome = pipeline.process([message]).catch((error: unknown) => error);
        await waiting;
        await pipeline.stop();
        expect(await outcome).toBeInstanceOf(PipelineStoppedError);
        expect(await starts()).toEqual([]);
      }
      fail = () => undefined;
      pipeline = start(new PostgresStarts(dataSource));
      expect(await statuses([message])).toEqual(['settled']);
    });

    test('what is dealt out again or stopped while its handling takes long counts as no crash', async () => {
      for (const giveBack of ['takesOver', 'stop'] as const) {
        pipeline = start(new PostgresStarts(dataSource));
        const holder = await holdAccount('a');
        const settled = pipeline.process([delivery(added, 'a', 1)]);
        await until(async () => (await starts()).length === 1);
        const given = pipeline[giveBack]();
        await until(async () => (await starts()).length === 0);
        await holder.release();
        await Promise.all([settled, given]);
        expect(await starts()).toEqual([]);
      }
    });

    test('a message that waits for a lock counts as no crash, however its process ends', async () => {
      pipeline = start(new PostgresStarts(dataSource));
      const holder = await holdAccount('a');
      const settled = statuses([delivery(added, 'a', 1)]);
      await until(async () => (await starts()).length === 1);
      await until(async () => (await starts()).length === 0);
      await holder.release();
      expect(await settled).toEqual(['settled']);
      expect(await totals()).toEqual({ a: 1 });
    });

    test('a message that has ended three processes is rejected by the fourth, and no other', async () => {
      const deliveries = [delivery(added, 'a', 1), delivery(added, 'p', 13), delivery(added, 'b', 1)];
      for (let time = 0; time < 3; time++) await crash(deliveries);
      expect(await totals()).toEqual({ a: 1 });
      pipeline = start(new PostgresStarts(dataSource));
      const [a, p, b] = await pipeline.process(deliveries);
      expect([a, b]).toEqual([{ status: 'settled' }, { status: 'settled' }]);
      expect(p).toMatchObject({
        status: 'rejected',
        attempts: 3,
        error: { name: 'PoisonMessageError', message: expect.stringContaining('begun 3 times') },
      });
      expect(await totals()).toEqual({ a: 1, b: 1 });
      expect(await starts()).toEqual([{ origin: deliveries[1]?.origin, starts: 3 }]);
    });

    test('what is handled or fails in one process counts as no crash', async () => {
      pipeline = start(new PostgresStarts(dataSource));
      let tries = 0;
      fail = ({ orderId }) => (orderId === 'a' && ++tries < 3 ? new TypeError('a bug') : undefined);
      const deliveries = [delivery(added, 'a', 1), delivery(added, 'b', 1)];
      expect(await statuses(deliveries)).toEqual(['settled', 'settled']);
      expect(await starts()).toEqual([]);
    });

    test('nothing is written down once the start is some time ago, until deliveries are taken over again', async () => {
      let writes = 0;
      const counting = new PostgresStarts(dataSource);
      const begin = counting.begin.bind(counting);
      counting.begin = (...args) => (writes++, begin(...args));
      pipeline = start(counting);
      const started = performance.now();
      const now = jest.spyOn(performance, 'now');
      try {
        await pipeline.process([delivery(added, 'a', 1)]);
        expect(writes).toBe(1);
        now.mockImplementation(() => started + 60_000);
        await pipeline.process([delivery(added, 'a', 1)]);
        expect(writes).toBe(1);
        pipeline.takesOver();
        await pipeline.process([delivery(added, 'a', 1)]);
        expect(writes).toBe(2);
      } finally {
        now.mockRestore();
      }
    });
  });
});

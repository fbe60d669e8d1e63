import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import { addWorkItemColumns, indexRetries, WorkItemTable, type TakeRequest } from './work-item-table.js';

interface Row {
  readonly id: string;
  readonly attempts: number;
  readonly itemFailures: number;
}

/** Parcels to be sent, in the order of their ids. */
const idOf = (number: number): string => `00000000-0000-7000-8000-${`${number}`.padStart(12, '0')}`;

describe.each([true, false])('WorkItemTable, taken asynchronously: %p', (asynchronous) => {
  const table = new WorkItemTable({
    table: 'parcel',
    status: 'DUE',
    returning: 'order_id AS "orderId"',
    asynchronous,
  });
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase([], []);
    await dataSource.query(
      `CREATE TABLE parcel (id uuid PRIMARY KEY, order_id uuid NOT NULL, status text NOT NULL DEFAULT 'DUE',
         attempts integer NOT NULL DEFAULT 0, due_at timestamptz NOT NULL DEFAULT now(),
         created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now()
       ) WITH (fillfactor = 50)`,
    );
    await dataSource.query(`CREATE INDEX parcel_open ON parcel (id) WHERE status = 'DUE'`);
    await dataSource.query(addWorkItemColumns('parcel'));
    await dataSource.query(indexRetries('parcel', 'DUE'));
  });
  afterAll(() => dataSource.destroy());
  beforeEach(() => dataSource.query('TRUNCATE parcel'));

  const insert = (from: number, to: number, attempts = 0, itemFailures = 0, isRetrying = attempts > 0) =>
    dataSource.query(
      `INSERT INTO parcel (id, order_id, attempts, item_failures, retrying)
       SELECT id::uuid, id::uuid, $2, $3, $4 FROM unnest($1::text[]) AS id`,
      [
        Array.from({ length: to - from + 1 }, (_, index) => idOf(from + index)),
        attempts,
        itemFailures,
        isRetrying,
      ],
    );
  const run = async ([sql, parameters]: readonly [string, unknown[]]): Promise<Row[]> => {
    const [rows]: [Row[], number] = await dataSource.query(sql, parameters);
    return rows;
  };
  const take = async (request: Partial<TakeRequest> = {}): Promise<number[]> => {
    const rows = await run(
      table.take({ limit: 10, leaseMs: 60_000, retries: 10, isTrial: false, ...request }),
    );
    return rows.map(({ id }) => Number(id.slice(-12))).toSorted((a, b) => a - b);
  };
  const expire = () => dataSource.query(`UPDATE parcel SET due_at = now() WHERE due_at < 'infinity'`);
  const later = { delayMs: 60_000, error: new Error('no'), itemFailures: 1 };

  test('what was never tried goes first, then those retries that failed least by themselves', async () => {
    await insert(1, 2, 3, 4);
    await insert(3, 4, 3, 0);
    await insert(5, 7);
    expect(await take({ limit: 2 })).toEqual([5, 6]);
    expect(await take({ limit: 3 })).toEqual([3, 4, 7]);
    expect(await take()).toEqual([1, 2]);
    expect(await take()).toEqual([]);
  });

  test('no more retries are taken than may be', async () => {
    await insert(1, 5, 1);
    await insert(6, 7);
    expect(await take({ retries: 2 })).toHaveLength(4);
    expect(await take({ retries: 0 })).toEqual([]);
  });

  test('a trial is not always the oldest, so that a bad one at the head does not decide', async () => {
    await insert(1, 50);
    const trials = new Set<number>();
    for (let trial = 0; trial < 20; trial++) {
      for (const id of await take({ limit: 1, isTrial: true })) trials.add(id);
      await dataSource.query('UPDATE parcel SET due_at = now(), attempts = 0');
    }
    expect(trials.size).toBeGreaterThan(3);
  });

  test('an item whose process dies again and again is behind what was never tried', async () => {
    await insert(1, 1);
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await take()).toEqual([1]);
      await expire();
    }
    await insert(2, 2);
    expect(await take({ limit: 1 })).toEqual([2]);
  });

  test('a late process neither postpones nor parks what another one has taken since, or has parked', async () => {
    await insert(1, 1);
    const [first] = await run(table.take({ limit: 1, leaseMs: 0, retries: 1, isTrial: false }));
    const [second] = await run(table.take({ limit: 1, leaseMs: 60_000, retries: 1, isTrial: false }));
    if (!first || !second) throw new Error('Nothing was taken.');
    expect(await run(table.postpone(first, later, 'id'))).toEqual([]);
    expect(await run(table.park(first, 5, 'id'))).toEqual([]);
    expect(await run(table.park(second, 5, 'id'))).toHaveLength(1);
    expect(await run(table.postpone(second, later, 'id'))).toEqual([]);
    await expire();
    expect(await take()).toEqual([]);
  });

  test('what is parked is no backlog; resumed, it goes on counting its attempts, not its failures', async () => {
    await insert(1, 2);
    const [item] = await run(table.take({ limit: 1, leaseMs: 60_000, retries: 1, isTrial: false }));
    await run(table.park(item as Row, 5, 'id'));
    const [backlog] = await dataSource.query(table.backlog('created_at'));
    expect(backlog).toMatchObject({ items: 1 });
    expect(await run(table.resume([idOf(1), idOf(2)]))).toHaveLength(1);
    const taken = await run(table.take({ limit: 2, leaseMs: 60_000, retries: 1, isTrial: false }));
    expect(taken.find(({ id }) => id === idOf(1))).toMatchObject({ attempts: 2, itemFailures: 0 });
  });

  test('the first take leaves the indexes alone, and finds what is due among much that is done', async () => {
    await insert(1, 20_000, 1);
    await dataSource.query(
      `UPDATE parcel SET due_at = now() + interval '1 hour',
      status = CASE WHEN id <= $1 THEN 'DUE' ELSE 'DONE' END`,
      [idOf(300)],
    );
    await insert(20_001, 20_032);
    await dataSource.query('VACUUM ANALYZE parcel');
    const [sql, parameters] = table.take({ limit: 32, leaseMs: 60_000, retries: 8, isTrial: false });
    const plan: { 'QUERY PLAN': string }[] = await dataSource.query(`EXPLAIN ${sql}`, parameters);
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).not.toContain('Seq Scan');
    await dataSource.transaction(async (manager) => {
      const hotUpdates = async (): Promise<number> =>
        Number(
          (await manager.query(`SELECT pg_stat_get_xact_tuples_hot_updated('parcel'::regclass) AS hot`))[0]
            .hot,
        );
      // What the session did before counts until it is reported, which no transaction is interrupted for.
      const before = await hotUpdates();
      expect((await manager.query<[Row[], number]>(sql, parameters))[0]).toHaveLength(32);
      expect((await hotUpdates()) - before).toBe(32);
    });
  });
});

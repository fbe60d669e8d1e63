import {
  MessagingTables1700000000000,
  PostgresMessageStore,
  UnitsOfWork,
  type UnitOfWork,
} from '@orderbridge/messaging';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../test/postgres/test-database.js';
import type { Counts, Listing, ListingPage } from './listing.js';
import { Reconciliation } from './reconciliation.js';
import { Reconciliation1700000000020 } from './reconciliation.migration.js';
import { ReconciliationRepository } from './reconciliation.repository.js';

/** Numbers up to a given one, two to a page; what is compared is written down in a table. */
class NumberListing implements Listing<number> {
  readonly asked: (string | undefined)[] = [];
  poison: number | undefined;
  failure: Error | undefined;

  constructor(
    readonly name: string,
    private readonly last: number,
  ) {}

  page(cursor: string | undefined): Promise<ListingPage<number>> {
    this.asked.push(cursor);
    if (this.failure) return Promise.reject(this.failure);
    const from = Number(cursor ?? 0);
    const entries = [from + 1, from + 2].filter((entry) => entry <= this.last);
    return Promise.resolve({ entries, nextCursor: from + 2 < this.last ? `${from + 2}` : undefined });
  }

  async compare({ manager }: UnitOfWork, entries: readonly number[]): Promise<Counts> {
    for (const entry of entries) {
      await manager.query('INSERT INTO compared VALUES ($1, $2)', [this.name, entry]);
      if (entry === this.poison) throw new Error('nonsense');
    }
    return { [this.name]: entries.length };
  }
}

describe('a reconciliation', () => {
  let dataSource: DataSource;
  let repository: ReconciliationRepository;
  let unitsOfWork: UnitsOfWork;
  let charges: NumberListing;
  let refunds: NumberListing;

  beforeAll(async () => {
    dataSource = await connectTestDatabase([MessagingTables1700000000000, Reconciliation1700000000020]);
    await dataSource.query('CREATE TABLE compared (listing text, entry integer)');
  });

  beforeEach(async () => {
    await dataSource.query('TRUNCATE compared, reconciliation');
    await dataSource.query('INSERT INTO reconciliation DEFAULT VALUES');
    repository = new ReconciliationRepository(dataSource);
    unitsOfWork = new UnitsOfWork(new PostgresMessageStore(dataSource), '/orderbridge/test');
    charges = new NumberListing('charges', 5);
    refunds = new NumberListing('refunds', 2);
  });

  afterAll(() => dataSource.destroy());

  const reconciliation = () => new Reconciliation(repository, unitsOfWork, [charges, refunds]);
  const due = () => dataSource.query('UPDATE reconciliation SET due_at = now()');
  const compared = async (): Promise<string[]> =>
    (await dataSource.query('SELECT listing, entry FROM compared ORDER BY listing, entry')).map(
      ({ listing, entry }: { listing: string; entry: number }) => `${listing} ${entry}`,
    );
  const ALL = ['charges 1', 'charges 2', 'charges 3', 'charges 4', 'charges 5', 'refunds 1', 'refunds 2'];

  test('compares every page of every listing, and reports', async () => {
    const run = reconciliation();
    expect(await run.report()).toMatchObject({ status: 'never', counts: {} });
    expect(await run.step()).toBe(false);
    expect(await run.start(true)).toMatchObject({
      started: true,
      report: { status: 'running', since: null },
    });
    expect(await run.step()).toBe(true);
    expect(await run.report()).toMatchObject({
      status: 'running',
      listing: 'charges',
      counts: { charges: 2 },
    });
    while (await run.step());
    expect(await run.report()).toMatchObject({
      status: 'finished',
      listing: null,
      counts: { charges: 5, refunds: 2 },
    });
    expect(await compared()).toEqual(ALL);
  });

  test('one run at a time; the next one starts from scratch', async () => {
    const run = reconciliation();
    await run.start(false);
    await run.step();
    expect(await run.start(true)).toMatchObject({ started: false, report: { counts: { charges: 2 } } });
    while (await run.step());
    expect(await run.start(true)).toMatchObject({ started: true, report: { counts: {} } });
  });

  test('compares what is newer than 90 days unless all is asked for', async () => {
    const { report } = await reconciliation().start(false);
    const days = (Date.now() - (report.since as Date).getTime()) / 86_400_000;
    expect(days).toBeCloseTo(90, 2);
  });

  test('is due an interval after the last start, or after the database was made', async () => {
    const run = reconciliation();
    expect(await run.startAfter(60)).toBe(false);
    await dataSource.query(`UPDATE reconciliation SET created_at = now() - interval '61 seconds'`);
    expect(await run.startAfter(60)).toBe(true);
    while (await run.step());
    expect(await run.startAfter(60)).toBe(false);
  });

  test('of two processes one has the page; one that was slow changes nothing', async () => {
    const [slow, fast] = [reconciliation(), reconciliation()];
    await fast.start(true);
    const page = charges.page.bind(charges);
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    charges.page = async (cursor) => {
      charges.page = page;
      await held;
      return page(cursor);
    };
    const slowStep = slow.step();
    while ((await repository.report()).status !== 'running' || charges.page !== page);
    expect(await fast.step()).toBe(false);
    // Its lease ends.
    await due();
    while (await fast.step());
    release();
    await slowStep;
    expect(await compared()).toEqual(ALL);
    expect(await fast.report()).toMatchObject({ status: 'finished', counts: { charges: 5, refunds: 2 } });
  });

  test('a page that cannot be had is tried again later, from where the run was', async () => {
    const run = reconciliation();
    await run.start(true);
    await run.step();
    charges.failure = new Error('the gateway is down');
    await run.step();
    expect(await run.step()).toBe(false);
    expect(await run.report()).toMatchObject({
      status: 'running',
      failures: 1,
      error: 'the gateway is down',
    });
    charges.failure = undefined;
    await due();
    while (await run.step());
    expect(await run.report()).toMatchObject({ status: 'finished', failures: 0, error: null });
    expect(charges.asked).toEqual([undefined, '2', '2', '4']);
    expect(await compared()).toEqual(ALL);
  });

  test('an entry that cannot be compared hurts only itself, and is counted', async () => {
    charges.poison = 3;
    const run = reconciliation();
    await run.start(true);
    while (await run.step());
    expect(await run.report()).toMatchObject({
      status: 'finished',
      counts: { charges: 4, failed: 1, refunds: 2 },
    });
    expect(await compared()).toEqual(ALL.filter((entry) => entry !== 'charges 3'));
  });

  test('counts what answers bring, during a run and after it', async () => {
    const run = reconciliation();
    await run.start(true);
    while (await run.step());
    await dataSource.transaction((manager) => repository.count(manager, { adopted: 1, charges: 0 }));
    await dataSource.transaction((manager) => repository.count(manager, { adopted: 2 }));
    expect((await run.report()).counts).toEqual({ charges: 5, refunds: 2, adopted: 3 });
  });
});

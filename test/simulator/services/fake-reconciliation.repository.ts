import type { EntityManager } from 'typeorm';
import type {
  Counts,
  DuePage,
  Position,
  ReconciliationRepository,
  Report,
} from '../../../libs/reconciliation/src/index.js';
import type { Session } from '../database/database.js';
import { Table } from '../database/table.js';
import type { Public } from '../public.js';

interface ReconciliationRow extends Omit<Report, 'status'> {
  readonly run: string | null;
  readonly cursor: string | null;
  readonly dueAt: number;
}

const DAY = 86_400_000;
const ROW = 'the one row';

/** A service's reconciliation: one row, from the beginning. */
export class ReconciliationTable extends Table<ReconciliationRow> {
  constructor() {
    super('reconciliation');
    this.rows.set(ROW, {
      run: null,
      startedAt: null,
      finishedAt: null,
      since: null,
      listing: null,
      cursor: null,
      counts: {},
      dueAt: 0,
      failures: 0,
      error: null,
    });
  }

  /** What is committed. */
  get row(): ReconciliationRow {
    return this.rows.get(ROW) as ReconciliationRow;
  }
}

/** The simulator starts runs on request only. */
export class FakeReconciliationRepository implements Public<ReconciliationRepository> {
  #runs = 0;

  constructor(
    private readonly session: Session,
    private readonly table: ReconciliationTable,
  ) {}

  async start(listing: string, windowDays: number | null): Promise<boolean> {
    return this.session.autocommit('starts a reconciliation', async (transaction) => {
      const started = await transaction.update(
        this.table,
        ({ startedAt, finishedAt }) => !startedAt || finishedAt !== null,
        () => ({
          run: `${this.session.process.name} ${transaction.now} ${++this.#runs}`,
          startedAt: new Date(transaction.now),
          finishedAt: null,
          since: windowDays === null ? null : new Date(transaction.now - windowDays * DAY),
          listing,
          cursor: null,
          counts: {},
          dueAt: transaction.now,
          failures: 0,
          error: null,
        }),
      );
      return started.length === 1;
    });
  }

  async take(leaseMs: number): Promise<DuePage | undefined> {
    return this.session.autocommit('takes a page to reconcile', async (transaction) => {
      const [row] = await transaction.update(
        this.table,
        ({ run, finishedAt, dueAt }) => run !== null && !finishedAt && dueAt <= transaction.now,
        () => ({ dueAt: transaction.now + leaseMs }),
      );
      if (!row) return undefined;
      const { run, listing, cursor, since, failures } = row;
      return { run: run as string, listing: listing as string, cursor, since, failures };
    });
  }

  async advance(
    manager: EntityManager,
    from: Position,
    to: Pick<Position, 'listing' | 'cursor'> | undefined,
    counts: Counts,
  ): Promise<boolean> {
    const transaction = await this.session.statement(manager, 'moves a reconciliation on');
    const moved = await transaction.update(this.table, isAt(from), (row) => ({
      listing: to?.listing ?? null,
      cursor: to?.cursor ?? null,
      finishedAt: to ? null : new Date(transaction.now),
      dueAt: transaction.now,
      failures: 0,
      error: null,
      counts: sum(row.counts, counts),
    }));
    return moved.length === 1;
  }

  async fail(position: Position, delayMs: number, error: string): Promise<void> {
    await this.session.autocommit('postpones a page to reconcile', (transaction) =>
      transaction.update(this.table, isAt(position), ({ failures }) => ({
        failures: failures + 1,
        error,
        dueAt: transaction.now + delayMs,
      })),
    );
  }

  async count(manager: EntityManager, counts: Counts): Promise<void> {
    if (Object.values(counts).every((count) => count === 0)) return;
    const transaction = await this.session.statement(manager, 'counts what was reconciled');
    await transaction.update(
      this.table,
      () => true,
      (row) => ({ counts: sum(row.counts, counts) }),
    );
  }

  async report(): Promise<Report> {
    return this.session.autocommit('reports a reconciliation', (transaction) => {
      const {
        run: _run,
        cursor: _cursor,
        dueAt: _dueAt,
        ...row
      } = transaction.get(this.table, ROW) as ReconciliationRow;
      const running = row.finishedAt ? 'finished' : 'running';
      return { status: row.startedAt ? running : 'never', ...row };
    });
  }
}

const isAt =
  (position: Position) =>
  ({ run, listing, cursor }: ReconciliationRow): boolean =>
    run === position.run && listing === position.listing && cursor === position.cursor;

function sum(one: Counts, other: Counts): Counts {
  const all = { ...one };
  for (const [name, count] of Object.entries(other)) all[name] = (all[name] ?? 0) + count;
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

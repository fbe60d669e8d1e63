import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { Table } from './table.js';
import type { Transaction } from './transaction.js';

/** What the rows of work items have in common. */
export interface WorkRow {
  readonly id: string;
  readonly status: string;
  readonly orderId: string;
  readonly attempts: number;
  readonly retrying: boolean;
  readonly itemFailures: number;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

type Held = Pick<WorkItem, 'id' | 'attempts'>;

/** What `WorkItemTable` does, on a table of one status of open items. */
export class WorkRows<Row extends WorkRow> {
  constructor(
    private readonly table: Table<Row>,
    private readonly status: string,
  ) {}

  /** `taking` is what is assigned besides. */
  take(
    transaction: Transaction,
    { limit, leaseMs, retries, isTrial }: TakeRequest,
    taking: Partial<Row> = {},
  ): Row[] {
    const due = [...transaction.all(this.table)].filter(
      ([key, row]) =>
        row.status === this.status &&
        row.dueAt <= transaction.now &&
        !transaction.isLockedByAnother(this.table, key),
    );
    const untried = due
      .filter(([, row]) => !row.retrying)
      .map((entry) => ({ entry, order: isTrial ? Math.random() : 0 }))
      .toSorted((a, b) => a.order - b.order || (a.entry[1].id < b.entry[1].id ? -1 : 1))
      .slice(0, limit)
      .map(({ entry }) => entry);
    const retried = due
      .filter(([, row]) => row.retrying)
      .toSorted(
        ([, a], [, b]) => a.itemFailures - b.itemFailures || a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1),
      )
      .slice(0, Math.min(retries, limit - untried.length));
    return [...untried, ...retried].map(([key, row]) => {
      const taken = {
        ...row,
        attempts: row.attempts + 1,
        retrying: row.retrying || row.attempts > 0,
        dueAt: transaction.now + leaseMs,
        ...taking,
      };
      transaction.put(this.table, key, taken);
      return taken;
    });
  }

  async postpone(
    transaction: Transaction,
    item: Held,
    { delayMs, itemFailures }: Postponement,
  ): Promise<Row | undefined> {
    return this.#change(transaction, item, {
      retrying: true,
      itemFailures,
      dueAt: transaction.now + delayMs,
    });
  }

  async park(transaction: Transaction, item: Held, itemFailures: number): Promise<Row | undefined> {
    return this.#change(transaction, item, { retrying: true, itemFailures, dueAt: Infinity });
  }

  async resume(transaction: Transaction, orderIds: readonly string[]): Promise<void> {
    await transaction.update(
      this.table,
      (row) => orderIds.includes(row.orderId) && row.status === this.status && row.dueAt === Infinity,
      () => ({ dueAt: transaction.now, itemFailures: 0 }) as Partial<Row>,
    );
  }

  backlog(transaction: Transaction, since: (row: Row) => Date): Backlog {
    const open = [...transaction.all(this.table).values()].filter(
      (row) => row.status === this.status && row.dueAt < Infinity,
    );
    const oldest = Math.min(transaction.now, ...open.map((row) => since(row).getTime()));
    return { items: open.length, oldestSeconds: (transaction.now - oldest) / 1_000 };
  }

  async #change(
    transaction: Transaction,
    { id, attempts }: Held,
    change: Partial<WorkRow>,
  ): Promise<Row | undefined> {
    const [row] = await transaction.update(
      this.table,
      (one) =>
        one.id === id && one.status === this.status && one.attempts === attempts && one.dueAt < Infinity,
      () => change as Partial<Row>,
    );
    return row;
  }
}

import type { Backlog } from '@orderbridge/work-items';
import type { Table } from './table.js';
import type { Transaction } from './transaction.js';

/** What the rows have in common that are work items. */
export interface WorkRow {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

/** UPDATE … WHERE id IN (SELECT … ORDER BY id LIMIT … FOR UPDATE SKIP LOCKED): takes due items and leases them. */
export function takeDue<Row extends WorkRow>(
  transaction: Transaction,
  table: Table<Row>,
  status: string,
  limit: number,
  lease: number,
): Row[] {
  const due = [...transaction.all(table)]
    .filter(
      ([key, row]) =>
        row.status === status && row.dueAt <= transaction.now && !transaction.isLockedByAnother(table, key),
    )
    .toSorted(([, a], [, b]) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
  return due.map(([key, row]) => {
    const taken = { ...row, attempts: row.attempts + 1, dueAt: transaction.now + lease };
    transaction.put(table, key, taken);
    return taken;
  });
}

/** How many items are open, and for how long the oldest has been. */
export function backlogOf<Row extends WorkRow>(
  transaction: Transaction,
  table: Table<Row>,
  status: string,
  since: (row: Row) => Date,
): Backlog {
  const open = [...transaction.all(table).values()].filter(
    (row) => row.status === status && row.dueAt < Infinity,
  );
  const oldest = Math.min(transaction.now, ...open.map((row) => since(row).getTime()));
  return { items: open.length, oldestSeconds: (transaction.now - oldest) / 1_000 };
}

import type { Transaction } from './transaction.js';

/** Who holds a row, and who waits for it, in the order of arrival. */
export interface RowLock {
  owner: Transaction;
  readonly waiting: { readonly transaction: Transaction; readonly granted: () => void }[];
}

/** The committed rows of a table by primary key, and the locks on them. Rows are never changed, only replaced. */
export class Table<Row extends object = object> {
  readonly rows = new Map<string, Row>();
  readonly locks = new Map<string, RowLock>();

  constructor(
    readonly name: string,
    /** The table's CHECK constraint: what is wrong with a row, if anything. */
    readonly violation: (row: Row) => string | undefined = () => undefined,
  ) {}
}

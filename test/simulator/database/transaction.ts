import type { Process } from '../schedule/scheduler.js';
import { DatabaseError } from './database-error.js';
import type { RowLock, Table } from './table.js';

/**
 * A transaction as PostgreSQL runs it at READ COMMITTED: it sees what is committed and what it has written itself,
 * waits for rows that another transaction has locked or is about to insert, and takes effect at its commit or not at
 * all. After an error it can only be rolled back.
 */
export class Transaction {
  failed = false;
  ended = false;
  /** The lock it waits for. */
  waitsFor: RowLock | undefined;
  readonly #writes = new Map<Table, Map<string, object | undefined>>();
  readonly #held: { readonly table: Table; readonly key: string }[] = [];
  readonly #atCommit: (() => void)[] = [];

  constructor(
    readonly process: Process,
    /** What now() is throughout the transaction, in milliseconds since 1970. */
    readonly now: number,
  ) {}

  get<Row extends object>(table: Table<Row>, key: string): Row | undefined {
    const written = this.#writes.get(table as unknown as Table);
    return (written?.has(key) ? written.get(key) : table.rows.get(key)) as Row | undefined;
  }

  /** The rows that can be seen. */
  all<Row extends object>(table: Table<Row>): Map<string, Row> {
    const written = this.#writes.get(table as unknown as Table);
    if (!written) return table.rows;
    const rows = new Map(table.rows);
    for (const [key, row] of written) {
      if (row) rows.set(key, row as Row);
      else rows.delete(key);
    }
    return rows;
  }

  /**
   * Resolves when no other transaction holds the row, and this one does.
   *
   * @throws DatabaseError 40P01 when transactions would wait for each other.
   */
  async lock<Row extends object>(table: Table<Row>, key: string): Promise<void> {
    const lock = table.locks.get(key);
    if (lock?.owner === this) return;
    if (!lock) {
      table.locks.set(key, { owner: this, waiting: [] });
    } else {
      for (let other = lock.owner.waitsFor; other; other = other.owner.waitsFor) {
        if (other.owner === this) throw this.fail('40P01', 'deadlock detected');
      }
      this.waitsFor = lock;
      await new Promise<void>((resolve) =>
        lock.waiting.push({
          transaction: this,
          granted: () => void this.process.step(`gets ${table.name}`).then(resolve),
        }),
      );
      return;
    }
    this.#held.push({ table: table as unknown as Table, key });
  }

  isLockedByAnother<Row extends object>(table: Table<Row>, key: string): boolean {
    const lock = table.locks.get(key);
    return lock !== undefined && lock.owner !== this;
  }

  /** Writes a row that is locked. */
  put<Row extends object>(table: Table<Row>, key: string, row: Row): void {
    const wrong = table.violation(row);
    if (wrong) throw this.fail('23514', `${table.name} violates a check: ${wrong}`);
    this.#written(table).set(key, row);
  }

  delete<Row extends object>(table: Table<Row>, key: string): void {
    this.#written(table).set(key, undefined);
  }

  /** INSERT … ON CONFLICT DO NOTHING: says whether the row was inserted. */
  async insertIfAbsent<Row extends object>(table: Table<Row>, key: string, row: Row): Promise<boolean> {
    if (this.get(table, key)) return false;
    await this.lock(table, key);
    if (this.get(table, key)) return false;
    this.put(table, key, row);
    return true;
  }

  /** @throws DatabaseError 23505 when there is such a row. */
  async insert<Row extends object>(table: Table<Row>, key: string, row: Row): Promise<void> {
    if (!(await this.insertIfAbsent(table, key, row)))
      throw this.fail('23505', `duplicate key in ${table.name}`);
  }

  /**
   * UPDATE … WHERE: changes the rows for which the condition holds, also when they were waited for; returns what they
   * are now.
   */
  async update<Row extends object>(
    table: Table<Row>,
    condition: (row: NoInfer<Row>) => boolean,
    change: (row: NoInfer<Row>) => Partial<NoInfer<Row>>,
  ): Promise<Row[]> {
    const changed: Row[] = [];
    for (const [key, seen] of [...this.all(table)]) {
      if (!condition(seen)) continue;
      await this.lock(table, key);
      const row = this.get(table, key);
      if (!row || !condition(row)) continue;
      const now = { ...row, ...change(row) };
      this.put(table, key, now);
      changed.push(now);
    }
    return changed;
  }

  /** Marks the transaction as failed; returns the error to be thrown. */
  fail(code: string, message: string): DatabaseError {
    this.failed = true;
    return new DatabaseError(code, message);
  }

  /** For what is counted of a commit. */
  atCommit(notice: () => void): void {
    this.#atCommit.push(notice);
  }

  commit(): void {
    for (const [table, rows] of this.#writes) {
      for (const [key, row] of rows) {
        if (row) table.rows.set(key, row);
        else table.rows.delete(key);
      }
    }
    for (const notice of this.#atCommit) notice();
    this.#end();
  }

  rollback(): void {
    if (!this.ended) this.#end();
  }

  #written<Row extends object>(table: Table<Row>): Map<string, object | undefined> {
    let written = this.#writes.get(table as unknown as Table);
    if (!written) this.#writes.set(table as unknown as Table, (written = new Map()));
    return written;
  }

  /** Called when the lock is given to this transaction by the one that ended. */
  #take(table: Table, key: string): void {
    this.waitsFor = undefined;
    this.#held.push({ table, key });
  }

  #end(): void {
    this.ended = true;
    for (const { table, key } of this.#held) {
      const lock = table.locks.get(key) as RowLock;
      let next = lock.waiting.shift();
      while (next && (next.transaction.ended || !next.transaction.process.alive)) next = lock.waiting.shift();
      if (!next) {
        table.locks.delete(key);
        continue;
      }
      lock.owner = next.transaction;
      next.transaction.#take(table, key);
      next.granted();
    }
  }
}

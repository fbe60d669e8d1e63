import type { EntityManager } from 'typeorm';
import type { Faults } from '../faults.js';
import type { Process, Scheduler } from '../schedule/scheduler.js';
import { DatabaseError } from './database-error.js';
import { Transaction } from './transaction.js';

/** The database of one service. Its tables belong to the fakes of the service's repositories. */
export class Database {
  readonly open = new Set<Transaction>();
  /** Calls of the invariants' attention. */
  changed = true;

  constructor(readonly service: string) {}
}

/** The transaction that a manager stands for: fakes take it where repositories take an entity manager. */
export const transactionOf = (manager: EntityManager): Transaction => manager as unknown as Transaction;

/** A process's way to the database of its service: each statement is a step of the process and may fail. */
export class Session {
  constructor(
    readonly process: Process,
    readonly database: Database,
    private readonly scheduler: Pick<Scheduler, 'now'>,
    private readonly faults: Pick<Faults, 'happens' | 'toss'>,
  ) {}

  /** Runs `work` as TypeORM does: BEGIN, COMMIT, and ROLLBACK when anything is thrown. */
  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    await this.process.step('BEGIN');
    if (this.faults.happens('database')) throw new DatabaseError('ECONNREFUSED', 'simulated: no connection');
    const transaction = this.#begin();
    try {
      const result = await work(transaction as unknown as EntityManager);
      await this.process.step('COMMIT');
      // PostgreSQL answers the COMMIT of a failed transaction with a ROLLBACK, which the driver takes for success.
      if (transaction.ended) throw new DatabaseError('08003', 'simulated: no connection');
      if (transaction.failed) this.#rollback(transaction);
      else this.#commit(transaction, this.faults.happens('database'));
      return result;
    } catch (error) {
      this.#rollback(transaction);
      throw error;
    }
  }

  /** Begins a statement of a transaction. */
  async statement(manager: EntityManager, label: string): Promise<Transaction> {
    const transaction = transactionOf(manager);
    await this.process.step(label);
    if (transaction.ended) throw new DatabaseError('25P01', 'the transaction has ended');
    if (transaction.failed) throw new DatabaseError('25P02', 'current transaction is aborted');
    if (this.faults.happens('database')) {
      this.#rollback(transaction);
      throw transaction.fail('57P01', 'simulated: terminating connection');
    }
    return transaction;
  }

  /** Runs one statement that commits by itself. */
  async autocommit<Result>(
    label: string,
    work: (transaction: Transaction) => Result | Promise<Result>,
  ): Promise<Result> {
    await this.process.step(label);
    if (this.faults.happens('database')) throw new DatabaseError('ECONNREFUSED', 'simulated: no connection');
    const transaction = this.#begin();
    try {
      const result = await work(transaction);
      this.#commit(transaction, false);
      return result;
    } catch (error) {
      this.#rollback(transaction);
      throw error;
    }
  }

  #begin(): Transaction {
    const transaction = new Transaction(this.process, this.scheduler.now);
    this.database.open.add(transaction);
    return transaction;
  }

  /** A connection that is lost during the commit leaves open whether there was one. */
  #commit(transaction: Transaction, connectionLost: boolean): void {
    const committed = !connectionLost || this.faults.toss();
    if (committed) {
      this.database.open.delete(transaction);
      this.database.changed = true;
      transaction.commit();
    }
    if (connectionLost) throw new DatabaseError('08006', 'simulated: connection lost during COMMIT');
  }

  #rollback(transaction: Transaction): void {
    this.database.open.delete(transaction);
    transaction.rollback();
  }
}

/** What PostgreSQL does when the process at the other end of its connections dies. */
export function endConnections(database: Database, process: Process): void {
  for (const transaction of database.open) {
    if (transaction.process !== process) continue;
    database.open.delete(transaction);
    transaction.rollback();
  }
}

import type { EntityManager } from 'typeorm';

/** How often a delivery was begun and never finished, and since when. */
export interface Unfinished {
  readonly starts: number;
  readonly since: Date;
}

/** Knows which deliveries were begun and not finished, beyond the life of a process. */
export interface Starts {
  /** Those of the deliveries that were begun and not finished, by origin. */
  unfinished(consumer: string, origins: readonly string[]): Promise<ReadonlyMap<string, Unfinished>>;
  /** Counts one start more of each delivery. Survives the process, not necessarily the database's machine. */
  begin(consumer: string, origins: readonly string[]): Promise<void>;
  /** Takes one start of each delivery back: it was given back, or waits, and has not ended the process. */
  withdraw(consumer: string, origins: readonly string[]): Promise<void>;
  /** Whether a transaction of this process waits for a lock that another one holds. */
  waitsForLock(manager: EntityManager): Promise<boolean>;
  /** Forgets deliveries, in the transaction that handles them. */
  finish(manager: EntityManager, consumer: string, origins: readonly string[]): Promise<void>;
}

import type { Starts, Unfinished } from '@orderbridge/messaging';
import type { EntityManager } from 'typeorm';
import { transactionOf, type Session } from './database.js';
import { inboxKey, type MessagingTables } from './messaging-tables.js';

/** Deliveries that were begun and not finished, in a service's database. */
export class SimulatedStarts implements Starts {
  constructor(
    private readonly session: Session,
    private readonly tables: MessagingTables,
  ) {}

  unfinished(consumer: string, origins: readonly string[]): Promise<Map<string, Unfinished>> {
    return this.session.autocommit('looks for starts', (transaction) => {
      const found = new Map<string, Unfinished>();
      for (const origin of origins) {
        const row = transaction.get(this.tables.starts, inboxKey(consumer, origin));
        if (row) found.set(origin, row);
      }
      return found;
    });
  }

  begin(consumer: string, origins: readonly string[]): Promise<void> {
    return this.session.autocommit('writes starts down', async (transaction) => {
      for (const origin of origins.toSorted()) {
        const key = inboxKey(consumer, origin);
        await transaction.lock(this.tables.starts, key);
        const { starts, since } = transaction.get(this.tables.starts, key) ?? {
          starts: 0,
          since: new Date(transaction.now),
        };
        transaction.put(this.tables.starts, key, { origin, since, starts: starts + 1 });
      }
    });
  }

  withdraw(consumer: string, origins: readonly string[]): Promise<void> {
    return this.session.autocommit('takes starts back', async (transaction) => {
      for (const origin of origins.toSorted()) {
        const key = inboxKey(consumer, origin);
        await transaction.lock(this.tables.starts, key);
        const row = transaction.get(this.tables.starts, key);
        if (row && row.starts > 1)
          transaction.put(this.tables.starts, key, { ...row, starts: row.starts - 1 });
        else if (row) transaction.delete(this.tables.starts, key);
      }
    });
  }

  waitsForLock(manager: EntityManager): Promise<boolean> {
    return this.session.autocommit(
      'looks whether it waits for a lock',
      () => transactionOf(manager).waitsFor !== undefined,
    );
  }

  async finish(manager: EntityManager, consumer: string, origins: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'removes starts');
    for (const origin of origins) {
      const key = inboxKey(consumer, origin);
      if (!transaction.get(this.tables.starts, key)) continue;
      await transaction.lock(this.tables.starts, key);
      transaction.delete(this.tables.starts, key);
    }
  }
}

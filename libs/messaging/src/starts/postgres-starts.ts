import type { DataSource, EntityManager } from 'typeorm';
import { ASYNCHRONOUS_COMMIT } from '../unit-of-work/asynchronous-commit.js';
import type { Starts, Unfinished } from './starts.js';

/** Starts in a service's PostgreSQL. Needs the table `delivery_start`. */
export class PostgresStarts implements Starts {
  constructor(private readonly dataSource: DataSource) {}

  async unfinished(consumer: string, origins: readonly string[]): Promise<Map<string, Unfinished>> {
    const rows: { origin: string; starts: number; since: Date }[] = await this.dataSource.query(
      `SELECT origin, starts, first_started_at AS since FROM delivery_start
       WHERE consumer = $1 AND origin = ANY($2::text[])`,
      [consumer, origins],
    );
    return new Map(rows.map(({ origin, ...start }) => [origin, start]));
  }

  async begin(consumer: string, origins: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `WITH ${ASYNCHRONOUS_COMMIT}
       INSERT INTO delivery_start (consumer, origin, starts)
       SELECT $1, origin, 1 FROM asynchronous, unnest($2::text[]) AS begun (origin) ORDER BY origin
       ON CONFLICT (consumer, origin) DO UPDATE SET starts = delivery_start.starts + 1`,
      [consumer, origins],
    );
  }

  async withdraw(consumer: string, origins: readonly string[]): Promise<void> {
    await this.dataSource.query(
      `WITH ${ASYNCHRONOUS_COMMIT},
         gone AS (DELETE FROM delivery_start USING asynchronous
                  WHERE consumer = $1 AND origin = ANY($2::text[]) AND starts <= 1)
       UPDATE delivery_start SET starts = starts - 1
       WHERE consumer = $1 AND origin = ANY($2::text[]) AND starts > 1`,
      [consumer, origins],
    );
  }

  async waitsForLock({ queryRunner }: EntityManager): Promise<boolean> {
    const connection = (await queryRunner?.connect()) as { readonly processID?: number } | undefined;
    const rows: { waits: boolean }[] = await this.dataSource.query(
      `SELECT wait_event_type = 'Lock' AS waits FROM pg_stat_activity WHERE pid = $1`,
      [connection?.processID],
    );
    return rows[0]?.waits === true;
  }

  async finish(manager: EntityManager, consumer: string, origins: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM delivery_start WHERE consumer = $1 AND origin = ANY($2::text[])', [
      consumer,
      origins,
    ]);
  }
}

/** Forgets up to `limit` deliveries begun more than a day ago: rejected, or finished by a process that did not watch. */
export async function pruneStarts(manager: EntityManager, limit: number): Promise<number> {
  const [, count]: [unknown, number] = await manager.query(
    `DELETE FROM delivery_start WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM delivery_start WHERE first_started_at < now() - interval '1 day' LIMIT $1))`,
    [limit],
  );
  return count;
}

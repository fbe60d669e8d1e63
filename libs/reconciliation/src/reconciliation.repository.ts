import type { DataSource, EntityManager } from 'typeorm';
import type { Counts } from './listing.js';

/** Where a run is: the page after this cursor is next. */
export interface Position {
  readonly run: string;
  readonly listing: string;
  /** Null before the first page. */
  readonly cursor: string | null;
}

/** A page that is due. */
export interface DuePage extends Position {
  readonly since: Date | null;
  /** Consecutive failures of this page so far. */
  readonly failures: number;
}

/** The run in progress or the last one. */
export interface Report {
  readonly status: 'never' | 'running' | 'finished';
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Entries from this moment on are compared; null for all. */
  readonly since: Date | null;
  /** What is compared at this moment. */
  readonly listing: string | null;
  readonly counts: Counts;
  /** Why the page that is due could not be compared, where it was tried. */
  readonly failures: number;
  readonly error: string | null;
}

/** The state of a service's reconciliation. Needs the table `reconciliation`. */
export class ReconciliationRepository {
  constructor(private readonly dataSource: Pick<DataSource, 'query'>) {}

  /**
   * Starts a run unless one is in progress; says whether it did.
   *
   * @param windowDays age in days of the oldest entries; null for all.
   * @param minIntervalSeconds seconds since the last start, or since the database was made, before which no run starts.
   */
  async start(
    listing: string,
    windowDays: number | null,
    minIntervalSeconds: number | null = null,
  ): Promise<boolean> {
    const [, started]: [unknown, number] = await this.dataSource.query(
      `UPDATE reconciliation SET run = gen_random_uuid(), started_at = now(), finished_at = NULL,
         since = now() - make_interval(days => $2::integer), listing = $1, cursor = NULL, counts = '{}', due_at = now(),
         failures = 0, error = NULL
       WHERE (started_at IS NULL OR finished_at IS NOT NULL)
         AND ($3::float IS NULL OR coalesce(started_at, created_at) <= now() - make_interval(secs => $3::float))`,
      [listing, windowDays, minIntervalSeconds],
    );
    return started === 1;
  }

  /** The page that is due, leased to the caller for so many milliseconds; undefined when none is. */
  async take(leaseMs: number): Promise<DuePage | undefined> {
    const [rows]: [DuePage[], number] = await this.dataSource.query(
      `UPDATE reconciliation SET due_at = now() + make_interval(secs => $1 / 1000.0)
       WHERE run IS NOT NULL AND finished_at IS NULL AND due_at <= now()
       RETURNING run, listing, cursor, since, failures`,
      [leaseMs],
    );
    return rows[0];
  }

  /**
   * Moves a run on and adds what was counted; without a next position it is finished. False when another process has
   * moved it on meanwhile: nothing of the page may take effect then.
   */
  async advance(
    manager: EntityManager,
    from: Position,
    to: Pick<Position, 'listing' | 'cursor'> | undefined,
    counts: Counts,
  ): Promise<boolean> {
    const [, moved]: [unknown, number] = await manager.query(
      `UPDATE reconciliation SET listing = $4, cursor = $5, finished_at = CASE WHEN $4::text IS NULL THEN now() END,
         due_at = now(), failures = 0, error = NULL, counts = ${SUM.replace('$1', '$6')}
       WHERE run = $1 AND listing = $2 AND cursor IS NOT DISTINCT FROM $3`,
      [from.run, from.listing, from.cursor, to?.listing ?? null, to?.cursor ?? null, JSON.stringify(counts)],
    );
    return moved === 1;
  }

  /** Notes that a page could not be compared; it is due again after so many milliseconds. */
  async fail({ run, listing, cursor }: Position, delayMs: number, error: string): Promise<void> {
    await this.dataSource.query(
      `UPDATE reconciliation SET failures = failures + 1, error = $4,
         due_at = now() + make_interval(secs => $5 / 1000.0)
       WHERE run = $1 AND listing = $2 AND cursor IS NOT DISTINCT FROM $3`,
      [run, listing, cursor, error, delayMs],
    );
  }

  /** Adds to what the run in progress, or the last one, has counted: answers come later than pages. */
  async count(manager: EntityManager, counts: Counts): Promise<void> {
    if (Object.values(counts).every((count) => count === 0)) return;
    await manager.query(`UPDATE reconciliation SET counts = ${SUM}`, [JSON.stringify(counts)]);
  }

  async report(): Promise<Report> {
    const [row]: Omit<Report, 'status'>[] = await this.dataSource.query(
      `SELECT started_at AS "startedAt", finished_at AS "finishedAt", since, listing, counts, failures, error
       FROM reconciliation`,
    );
    if (!row) throw new Error('The table reconciliation is empty.');
    const running = row.finishedAt ? 'finished' : 'running';
    return { status: row.startedAt ? running : 'never', ...row };
  }
}

/** What was counted so far and `$1`, by name. */
const SUM = `(
  SELECT coalesce(json_object_agg(name, count), '{}') FROM (
    SELECT key AS name, sum(value::bigint) AS count FROM (
      SELECT * FROM json_each_text(counts) UNION ALL SELECT * FROM json_each_text($1::json)
    ) AS every GROUP BY key HAVING sum(value::bigint) > 0
  ) AS summed)`;

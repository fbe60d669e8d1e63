import { ASYNCHRONOUS_COMMIT } from '@orderbridge/messaging';

/** Items that a backlog is counted up to, so that a scrape of a long one costs no more. */
const MOST_COUNTED = 10_000;

/** What of its items a processor can use now. */
export interface TakeRequest {
  /** Most items. */
  readonly limit: number;
  /** Milliseconds until another process may take them. */
  readonly leaseMs: number;
  /** Most of them that may be retries. */
  readonly retries: number;
  /** They are to find out whether the partner is well: any of the untried will do, not the oldest, which may be bad. */
  readonly isTrial: boolean;
}

/** Why and for how long an item is postponed. */
export interface Postponement {
  readonly delayMs: number;
  readonly error: Error;
  /** How often the item has failed by itself, this time included. */
  readonly itemFailures: number;
}

export interface WorkItemTableOptions {
  readonly table: string;
  /** The status of open items. */
  readonly status: string;
  /** Columns of an item, besides `id`, `attempts` and `itemFailures`, as in a RETURNING clause. */
  readonly returning: string;
  /** A further assignment when an item is taken, such as `asked_at = now()`. */
  readonly taking?: string;
  /** Whether taking may be forgotten by a crash of PostgreSQL. Default false. */
  readonly asynchronous?: boolean;
}

/**
 * What a table of work items needs besides `id`, `status`, `attempts` and `due_at`, for each status of open items. The take
 * and a first success leave these columns and their index alone; only what is retried is in it.
 */
export const addWorkItemColumns = (table: string): string =>
  `ALTER TABLE ${table} ADD COLUMN retrying boolean NOT NULL DEFAULT false,
     ADD COLUMN item_failures integer NOT NULL DEFAULT 0`;
export const indexRetries = (table: string, status: string): string =>
  `CREATE INDEX ${table}_${status.toLowerCase()}_retrying ON ${table} (id) WHERE status = '${status}' AND retrying`;

/** SQL for the rows of one kind of work items, the same for every table. */
export class WorkItemTable {
  constructor(private readonly options: WorkItemTableOptions) {}

  /**
   * Takes due items: first those never tried, the oldest first, then as many retries as may be, those first that failed
   * least by themselves. An item that was taken before and about which nothing was heard, since its process died, counts as
   * a retry from its third attempt on.
   */
  take({ limit, leaseMs, retries, isTrial }: TakeRequest): readonly [sql: string, parameters: unknown[]] {
    const { table, status, returning, taking, asynchronous } = this.options;
    const due = `SELECT id FROM ${table} WHERE status = '${status}' AND due_at <= now()`;
    return [
      `WITH ${asynchronous ? `${ASYNCHRONOUS_COMMIT}, ` : ''}untried AS (
         ${due} AND NOT retrying ORDER BY ${isTrial ? 'random()' : 'id'} LIMIT $1 FOR UPDATE SKIP LOCKED
       ), retries AS (
         ${due} AND retrying ORDER BY item_failures, due_at, id
         LIMIT least($3::bigint, $1::bigint - (SELECT count(*) FROM untried)) FOR UPDATE SKIP LOCKED
       )
       UPDATE ${table} SET due_at = now() + make_interval(secs => $2 / 1000.0), attempts = attempts + 1,
         retrying = retrying OR attempts > 0${taking ? `, ${taking}` : ''}
       ${asynchronous ? 'FROM asynchronous' : ''}
       WHERE id IN (SELECT id FROM untried UNION ALL SELECT id FROM retries)
       RETURNING id, attempts, item_failures AS "itemFailures", ${returning}`,
      [limit, leaseMs, Math.min(retries, limit)],
    ];
  }

  /**
   * Makes an item due later. No row is returned when it is no longer open, parked, or was taken again meanwhile: a late
   * process does not decide.
   */
  postpone(
    { id, attempts }: { readonly id: string; readonly attempts: number },
    { delayMs, itemFailures }: Postponement,
    returning: string,
  ): readonly [sql: string, parameters: unknown[]] {
    return [
      `UPDATE ${this.options.table} SET due_at = now() + make_interval(secs => $3 / 1000.0), retrying = true,
         item_failures = $4
       WHERE ${this.#isHeld} RETURNING ${returning}`,
      [id, attempts, delayMs, itemFailures],
    ];
  }

  /** Sets an item aside until it is resumed; no row under the same conditions as `postpone`. */
  park(
    { id, attempts }: { readonly id: string; readonly attempts: number },
    itemFailures: number,
    returning: string,
  ): readonly [sql: string, parameters: unknown[]] {
    return [
      `UPDATE ${this.options.table} SET due_at = 'infinity', retrying = true, item_failures = $3
       WHERE ${this.#isHeld} RETURNING ${returning}`,
      [id, attempts, itemFailures],
    ];
  }

  /**
   * Makes parked items of orders due again. Their attempts go on being counted: what earlier ones have done at the partner
   * is still not known.
   */
  resume(orderIds: readonly string[], returning = 'id'): readonly [sql: string, parameters: unknown[]] {
    const { table, status } = this.options;
    return [
      `UPDATE ${table} SET due_at = now(), item_failures = 0, updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = '${status}' AND due_at = 'infinity' RETURNING ${returning}`,
      [orderIds],
    ];
  }

  /** `since` is the column with the time since which an item has been open. */
  backlog(since: string): string {
    const { table, status } = this.options;
    return `SELECT count(*)::integer AS items,
        coalesce(extract(epoch FROM now() - min(${since})), 0)::float AS "oldestSeconds"
      FROM (SELECT ${since} FROM ${table} WHERE status = '${status}' AND due_at < 'infinity'
            ORDER BY id LIMIT ${MOST_COUNTED}) AS first`;
  }

  /** The attempt that decides is the last one, and nobody has set the item aside. */
  get #isHeld(): string {
    return `id = $1 AND status = '${this.options.status}' AND attempts = $2 AND due_at < 'infinity'`;
  }
}

import pg from 'pg';
import { Progress } from './progress.js';

/** Milliseconds. */
const QUERY_TIMEOUT = 2_000;

const UNDER_WAY = ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING'];

/** Watches how many orders come to their ends, in the order service's own table, past all links. */
export class Throughput {
  readonly #progress: Progress;
  #client: pg.Client | undefined;

  constructor(
    private readonly database: string,
    /** Orders placed per second. */
    rate: number,
  ) {
    this.#progress = new Progress(rate);
  }

  /** Looks now; a database that is away has no throughput. */
  async look(): Promise<void> {
    const at = performance.now();
    try {
      const client = await this.#connected();
      const { rows } = await client.query<{ done: string }>(
        'SELECT count(*) AS done FROM orders WHERE status <> ALL($1)',
        [UNDER_WAY],
      );
      this.#progress.add(at, Number(rows[0]?.done));
    } catch {
      this.close();
    }
  }

  /** See `Progress.normalSince`; in milliseconds of `performance.now`. */
  normalSince(since: number): number | undefined {
    return this.#progress.normalSince(since);
  }

  /** Does not wait for a server that is stopped. */
  close(): void {
    const client = this.#client;
    this.#client = undefined;
    void client?.end().catch(() => undefined);
  }

  async #connected(): Promise<pg.Client> {
    if (!this.#client) {
      const client = new pg.Client({
        connectionString: this.database,
        connectionTimeoutMillis: QUERY_TIMEOUT,
        query_timeout: QUERY_TIMEOUT,
      });
      client.on('error', () => undefined);
      this.#client = client;
      await client.connect();
    }
    return this.#client;
  }
}

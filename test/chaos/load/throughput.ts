import pg from 'pg';

interface Sample {
  readonly at: number;
  readonly done: number;
}

/** Milliseconds over which throughput is taken, and the share of what is placed that counts as normal. */
const WINDOW = 2_000;
const NORMAL = 0.8;
const QUERY_TIMEOUT = 2_000;

const UNDER_WAY = ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING'];

/** Watches how many orders come to their ends, in the order service's own table, past all links. */
export class Throughput {
  readonly #samples: Sample[] = [];
  #client: pg.Client | undefined;

  constructor(
    private readonly database: string,
    /** Orders placed per second. */
    private readonly rate: number,
  ) {}

  /** Looks now; a database that is away has no throughput. */
  async look(): Promise<void> {
    const at = performance.now();
    try {
      const client = await this.#connected();
      const { rows } = await client.query<{ done: string }>(
        'SELECT count(*) AS done FROM orders WHERE status <> ALL($1)',
        [UNDER_WAY],
      );
      this.#samples.push({ at, done: Number(rows[0]?.done) });
    } catch {
      this.close();
    }
    while (this.#samples[0] && this.#samples[0].at < at - 2 * WINDOW) this.#samples.shift();
  }

  /**
   * Since when as many orders come to their ends as are placed, by the window that ends now and began after `since`;
   * undefined when they do not.
   */
  normalSince(since: number): number | undefined {
    const last = this.#samples.at(-1);
    const first = last && this.#samples.findLast(({ at }) => at <= last.at - WINDOW);
    if (!first || first.at < since) return undefined;
    const isNormal = last.done - first.done >= (NORMAL * this.rate * (last.at - first.at)) / 1_000;
    return isNormal ? first.at : undefined;
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

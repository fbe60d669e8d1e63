import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { StoreUnavailableError } from '@orderbridge/messaging';
import pg, { type ClientConfig } from 'pg';

/** Part of the silence after which a wait for a lock is over. */
const LOCK_SHARE = 5 / 6;

/** Statement texts are literals of the repositories and of TypeORM; lists come as array parameters. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) {
    name = createHash('sha1').update(text).digest('base64url');
    names.set(text, name);
  }
  return name;
}

/**
 * A statement is to be prepared again: its table was altered so that its result has another shape, or a pool in between
 * has discarded it. The server names the former by its routine, in whatever language it speaks.
 */
const isStale = (error: unknown): boolean => {
  const { code, routine } = (error ?? {}) as { code?: string; routine?: string };
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
};

type Connected = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/**
 * PostgreSQL client that prepares every statement with parameters once per connection, which saves the server from
 * parsing and planning it each time. A pool in front of PostgreSQL has to keep a session per connection, as the
 * relay's LISTEN and advisory lock need too.
 */
export class PreparingClient extends pg.Client {
  /** Counts how often the statements of this connection became stale; part of their names. */
  #generation = 0;

  /**
   * `silence`: milliseconds without a byte after which a server that owes an answer is given up; 0 for never. A wait for
   * a lock is ended by the server somewhat earlier (SQLSTATE 55P03).
   */
  constructor(config: ClientConfig & { readonly silence?: number } = {}) {
    const { silence = 0 } = config;
    // The server does not notice that it was given up while it waits for a lock: repetitions would use up its connections.
    super(silence > 0 ? { ...config, lock_timeout: Math.ceil(silence * LOCK_SHARE) } : config);
    if (silence > 0) this.once('connect', () => this.#watch(silence));
  }

  /** @throws StoreUnavailableError whatever the reason: network, TLS, login, or a server that takes no connections now. */
  override connect(): Promise<pg.Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.Client> | void {
    if (!callback)
      return super.connect().catch((error: unknown) => {
        throw new StoreUnavailableError(error);
      });
    const connected = callback as (error: Error | null, client?: pg.Client) => void;
    super.connect((error: Error | null, client?: pg.Client) =>
      connected(error && new StoreUnavailableError(error), client),
    );
  }

  /**
   * A stale statement is prepared and tried again at once where it stood alone. Within a transaction it fails as
   * PostgreSQL wants it, and is prepared again in the next one.
   */
  override query(first: unknown, values?: unknown, callback?: unknown): never {
    const query = super.query.bind(this) as (...all: unknown[]) => never;
    if (typeof first !== 'string' || !Array.isArray(values)) return query(first, values, callback);
    const prepared = () => query({ name: this.#nameOf(first), text: first, values }, callback);
    if (callback) return prepared();
    return (prepared() as Promise<unknown>).catch((error: unknown) => {
      if (!isStale(error)) throw error;
      this.#generation++;
      if (this.getTransactionStatus() !== 'I') throw error;
      return prepared();
    }) as never;
  }

  #nameOf(text: string): string {
    const name = nameOf(text);
    return this.#generation === 0 ? name : `${name}.${this.#generation}`;
  }

  /** A connection may be gone without a sign, as when a machine loses its power: then no answer ever comes. */
  #watch(silence: number): void {
    const { connection } = this as unknown as { readonly connection: { readonly stream: Socket } };
    connection.stream.setTimeout(silence);
    // Not as the callback of setTimeout, which is told only once: the first time it may be idle.
    connection.stream.on('timeout', () => {
      const { readyForQuery } = this as unknown as { readonly readyForQuery: boolean };
      if (!readyForQuery) connection.stream.destroy();
    });
  }
}

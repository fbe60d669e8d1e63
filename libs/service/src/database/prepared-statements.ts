import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
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
 * PostgreSQL client that prepares every statement with parameters once per connection, which saves the server from
 * parsing and planning it each time. A pool in front of PostgreSQL has to keep a session per connection, as the
 * relay's LISTEN and advisory lock need too.
 */
export class PreparingClient extends pg.Client {
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

  override query(first: unknown, values?: unknown, callback?: unknown): never {
    const query = super.query.bind(this) as (...all: unknown[]) => never;
    if (typeof first !== 'string' || !Array.isArray(values)) return query(first, values, callback);
    return query({ name: nameOf(first), text: first, values }, callback);
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

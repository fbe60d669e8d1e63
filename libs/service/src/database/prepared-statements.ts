import { createHash } from 'node:crypto';
import pg from 'pg';

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
  override query(first: unknown, values?: unknown, callback?: unknown): never {
    const query = super.query.bind(this) as (...all: unknown[]) => never;
    if (typeof first !== 'string' || !Array.isArray(values)) return query(first, values, callback);
    return query({ name: nameOf(first), text: first, values }, callback);
  }
}

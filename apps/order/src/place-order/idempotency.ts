import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { OrderView } from '../show-orders/order-view.js';

/** The key a client gives to a request that it may send again, with what the request asks for. */
export interface IdempotencyClaim {
  readonly key: string;
  readonly requestHash: string;
}

export interface StoredResponse {
  readonly requestHash: string;
  readonly response: OrderView;
}

/** Hours for which a key is remembered. */
export const IDEMPOTENCY_HOURS = 24;

/** A hash that is the same for requests that ask for the same. */
export const hashRequest = (request: unknown): string =>
  createHash('sha256').update(JSON.stringify(request)).digest('base64url');

/**
 * Claims keys with the responses that their requests will get, in the caller's transaction. Returns what is stored
 * under the keys that others have claimed before; those requests are to do nothing. A claim that another transaction
 * holds is waited for.
 */
export async function claimKeys(
  manager: EntityManager,
  claims: readonly (IdempotencyClaim & { readonly response: OrderView })[],
): Promise<Map<string, StoredResponse>> {
  if (claims.length === 0) return new Map();
  // One order of claiming: two batches with the same keys cannot deadlock.
  const ordered = claims.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const claimed: { key: string }[] = await manager.query(
    `INSERT INTO idempotency_key (key, request_hash, response)
     SELECT * FROM unnest($1::text[], $2::text[], $3::json[]) ON CONFLICT DO NOTHING RETURNING key`,
    [
      ordered.map(({ key }) => key),
      ordered.map(({ requestHash }) => requestHash),
      ordered.map(({ response }) => JSON.stringify(response)),
    ],
  );
  const fresh = new Set(claimed.map(({ key }) => key));
  const taken = ordered.map(({ key }) => key).filter((key) => !fresh.has(key));
  if (taken.length === 0) return new Map();
  const stored: { key: string; requestHash: string; response: OrderView }[] = await manager.query(
    'SELECT key, request_hash AS "requestHash", response FROM idempotency_key WHERE key = ANY($1::text[])',
    [taken],
  );
  return new Map(stored.map(({ key, requestHash, response }) => [key, { requestHash, response }]));
}

/** Forgets up to `limit` keys that are older than they are promised to live; returns how many. */
export async function forgetOldKeys(manager: EntityManager, limit: number): Promise<number> {
  const [, count]: [unknown, number] = await manager.query(
    `DELETE FROM idempotency_key WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM idempotency_key WHERE created_at < now() - make_interval(hours => $1) LIMIT $2))`,
    [IDEMPOTENCY_HOURS, limit],
  );
  return count;
}

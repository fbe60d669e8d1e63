import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ShipTo } from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import type { OrderView } from '../show-orders/order-view.js';
import { quantitiesOf, type PlaceOrderBody } from './place-order.schema.js';

/** The key a client gives to a request that it may send again, with the request. */
export interface IdempotencyClaim {
  readonly key: string;
  readonly request: PlaceOrderBody;
  /** What older versions compare: also depends on the defaults of the configuration. */
  readonly legacyHash: string;
}

export interface StoredResponse {
  /** Null when an older version has stored it. */
  readonly bodyHash: string | null;
  readonly legacyHash: string;
  readonly response: OrderView;
}

/** Hours for which a key is remembered. */
export const IDEMPOTENCY_HOURS = 24;

const hash = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64url');

const sortedQuantities = (request: PlaceOrderBody): [string, number][] =>
  [...quantitiesOf(request)].toSorted(([a], [b]) => (a < b ? -1 : 1));

const canonicalAddress = ({ name, street, postalCode, city, country }: ShipTo): string[] => [
  name,
  street,
  postalCode,
  city,
  country,
];

/** A hash of what the client has sent, and of nothing else: the same for requests that ask for the same. */
export const hashBody = (request: PlaceOrderBody): string =>
  hash([
    request.userId,
    sortedQuantities(request),
    request.amount ?? null,
    request.totalAmount ?? null,
    request.shipTo ? canonicalAddress(request.shipTo) : null,
    request.paymentToken ?? null,
  ]);

/** The hash of versions that took the defaults of the configuration for what the client has sent. */
export const legacyHashOf = (request: PlaceOrderBody, shipTo: ShipTo, paymentToken: string): string =>
  hash({
    userId: request.userId,
    quantities: sortedQuantities(request),
    amount: request.amount ?? null,
    totalAmount: request.totalAmount ?? null,
    shipTo,
    paymentToken,
  });

/**
 * Whether a stored response is that of the request. What an older version has stored cannot be told exactly where the
 * request relies on defaults, which may have changed since: then the response must fit it.
 */
export function isResponseTo(
  { bodyHash, legacyHash, response }: StoredResponse,
  request: PlaceOrderBody,
): boolean {
  if (bodyHash !== null) return bodyHash === hashBody(request);
  const { userId, amount, totalAmount, shipTo, paymentToken } = request;
  if (shipTo && paymentToken !== undefined) return legacyHash === legacyHashOf(request, shipTo, paymentToken);
  const ordered = Object.entries(response.items).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return (
    userId === response.userId &&
    isDeepStrictEqual(sortedQuantities(request), ordered) &&
    (amount ?? response.totalAmount) === response.totalAmount &&
    (totalAmount ?? response.totalAmount) === response.totalAmount &&
    (!shipTo || isDeepStrictEqual(canonicalAddress(shipTo), canonicalAddress(response.shipTo)))
  );
}

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
    `INSERT INTO idempotency_key (key, request_hash, body_hash, response)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::json[]) ON CONFLICT DO NOTHING RETURNING key`,
    [
      ordered.map(({ key }) => key),
      ordered.map(({ legacyHash }) => legacyHash),
      ordered.map(({ request }) => hashBody(request)),
      ordered.map(({ response }) => JSON.stringify(response)),
    ],
  );
  const fresh = new Set(claimed.map(({ key }) => key));
  const taken = ordered.map(({ key }) => key).filter((key) => !fresh.has(key));
  return taken.length === 0 ? new Map() : storedResponses(manager, taken);
}

/**
 * What is stored under a key, also by a transaction that is about to commit: it is waited for. The transaction of the
 * manager has to be rolled back.
 */
export async function awaitStored(manager: EntityManager, key: string): Promise<StoredResponse | undefined> {
  const claimed: unknown[] = await manager.query(
    `INSERT INTO idempotency_key (key, request_hash, response) VALUES ($1, '', 'null') ON CONFLICT DO NOTHING
     RETURNING key`,
    [key],
  );
  return claimed.length > 0 ? undefined : (await storedResponses(manager, [key])).get(key);
}

async function storedResponses(
  manager: EntityManager,
  keys: readonly string[],
): Promise<Map<string, StoredResponse>> {
  const rows: (StoredResponse & { key: string })[] = await manager.query(
    `SELECT key, body_hash AS "bodyHash", request_hash AS "legacyHash", response FROM idempotency_key
     WHERE key = ANY($1::text[])`,
    [keys],
  );
  return new Map(rows.map(({ key, ...stored }) => [key, stored]));
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

import type { Broker } from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import { ASYNCHRONOUS_COMMIT } from '../unit-of-work/asynchronous-commit.js';
import type { OutgoingMessage } from './outgoing-message.js';
import { UndeliverableMessageError } from './publisher.js';
import { readHeaders, storeHeaders, type Envelope, type StoredEnvelope } from './stored-headers.js';

/** A message with its place in the outbox. */
export interface OutboxRow extends OutgoingMessage {
  readonly id: string;
  /** Why it cannot be published: its headers, which are missing then, are none that we have stored. */
  readonly unreadable?: UndeliverableMessageError;
}

interface StoredRow {
  id: string;
  destination: string;
  key: string;
  message_id: string;
  headers: StoredEnvelope;
  body: Buffer;
}

/**
 * Appends messages in the caller's transaction (design rule 1). Rows are published in the order of their ids;
 * for one key that is the order of the transactions, as long as these hold a lock on what the key names.
 */
export async function appendToOutbox(
  manager: EntityManager,
  messages: readonly OutgoingMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  await manager.query(
    `INSERT INTO outbox (broker, destination, key, message_id, headers, body)
     SELECT broker, destination, key, message_id, headers::json, body
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[])
       WITH ORDINALITY AS message (broker, destination, key, message_id, headers, body, position)
     ORDER BY position`,
    [
      messages.map(({ destination }) => destination.broker),
      messages.map(({ destination }) => destination.name),
      messages.map(({ key }) => key),
      messages.map(({ messageId }) => messageId),
      messages.map(storeHeaders),
      messages.map(({ body }) => body),
    ],
  );
}

/**
 * Deletes what was published and returns the oldest messages for the same broker that are left, in one round trip; those
 * for destinations that are held are passed over.
 * It does not wait for the disk: a deletion that a crash of PostgreSQL undoes only lets messages be published again,
 * the first copies still in order.
 */
export async function takeFromOutbox(
  manager: EntityManager,
  broker: Broker,
  published: readonly string[],
  limit: number,
  held: readonly string[] = [],
): Promise<OutboxRow[]> {
  const rows: StoredRow[] = await manager.query(
    `WITH ${ASYNCHRONOUS_COMMIT},
       deleted AS (DELETE FROM outbox USING asynchronous WHERE broker = $1 AND id = ANY($2::bigint[]))
     SELECT id, destination, key, message_id, headers, body FROM outbox
     WHERE broker = $1 AND parked_at IS NULL AND id <> ALL($2::bigint[])
       AND destination <> ALL($4::text[])
     ORDER BY id LIMIT $3`,
    [broker, published, limit, held],
  );
  return rows.map(({ id, destination, key, message_id, headers, body }) => ({
    id,
    destination: { broker, name: destination },
    key,
    messageId: message_id,
    ...readOrSay(headers),
    body,
  }));
}

/** One row that cannot be read must not keep the others from being taken. */
function readOrSay(stored: StoredEnvelope): Envelope & Pick<OutboxRow, 'unreadable'> {
  try {
    return readHeaders(stored);
  } catch (cause) {
    const reason = `Its headers cannot be read: ${(cause as Error).message}`;
    return { headers: {}, unreadable: new UndeliverableMessageError(reason, { cause }) };
  }
}

/** Sets a message aside that its broker refuses for good, with the reason, so that it holds up no other. */
export async function parkInOutbox(
  manager: EntityManager,
  broker: Broker,
  id: string,
  reason: string,
): Promise<void> {
  await manager.query(
    'UPDATE outbox SET parked_at = now(), parked_reason = $3 WHERE broker = $1 AND id = $2::bigint',
    [broker, id, reason],
  );
}

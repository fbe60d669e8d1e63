import type { EntityManager } from 'typeorm';

/**
 * Claims messages for a consumer in the caller's transaction (design rule 2) and returns the ids that are new to
 * it; the others were handled before, or are twice in the list. A claim that another transaction holds is waited for.
 */
export async function claimInInbox(
  manager: EntityManager,
  consumer: string,
  messageIds: readonly string[],
): Promise<Set<string>> {
  // One order of claiming for all replicas: two batches with the same messages cannot deadlock.
  const ordered = messageIds.toSorted();
  const rows: { message_id: string }[] = await manager.query(
    `INSERT INTO inbox (consumer, message_id) SELECT $1, unnest($2::text[])
     ON CONFLICT DO NOTHING RETURNING message_id`,
    [consumer, ordered],
  );
  return new Set(rows.map(({ message_id }) => message_id));
}

/** Forgets up to `limit` claims older than the given days; returns how many. A redelivery after that counts as new. */
export async function pruneInbox(manager: EntityManager, days: number, limit: number): Promise<number> {
  const [, count]: [unknown, number] = await manager.query(
    `DELETE FROM inbox WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM inbox WHERE claimed_at < now() - make_interval(days => $1) LIMIT $2))`,
    [days, limit],
  );
  return count;
}

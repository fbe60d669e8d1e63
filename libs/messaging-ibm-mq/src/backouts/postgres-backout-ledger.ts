import {
  deliveriesAgainst,
  type BackoutLedger,
  type DeliveredMessage,
  type RecordedDeliveries,
} from '@orderbridge/ibm-mq';
import type { DataSource } from 'typeorm';

/**
 * The ledger in a service's PostgreSQL: shared by its replicas, and outlives them. Needs the table `backout_ledger`. While
 * PostgreSQL is unavailable nothing can be begun, so that no delivery counts which only waited for it.
 */
export class PostgresBackoutLedger implements BackoutLedger {
  constructor(private readonly dataSource: DataSource) {}

  async begin({ queue, messageId, backoutCount }: DeliveredMessage): Promise<number> {
    const [before] = (await this.dataSource.query(
      `INSERT INTO backout_ledger AS ledger (queue, message_id, begun, excused) VALUES ($1, $2, 1, 0)
       ON CONFLICT (queue, message_id) DO UPDATE SET begun = ledger.begun + 1, changed_at = now()
       RETURNING begun - 1 AS begun, excused`,
      [queue, messageId],
    )) as [RecordedDeliveries];
    return deliveriesAgainst(before, backoutCount);
  }

  async excuse(messages: readonly DeliveredMessage[], begun: boolean): Promise<void> {
    await this.dataSource.query(
      `WITH forgotten AS (DELETE FROM backout_ledger WHERE changed_at < now() - interval '7 days')
       INSERT INTO backout_ledger AS ledger (queue, message_id, begun, excused)
       SELECT DISTINCT queue, message_id, 0, 1 FROM unnest($1::text[], $2::text[]) AS given_back (queue, message_id)
       ORDER BY queue, message_id
       ON CONFLICT (queue, message_id) DO UPDATE
       SET begun = GREATEST(0, ledger.begun - $3), excused = ledger.excused + 1, changed_at = now()`,
      [...columns(messages), begun ? 1 : 0],
    );
  }

  async settle(messages: readonly DeliveredMessage[]): Promise<void> {
    await this.dataSource.query(
      `DELETE FROM backout_ledger USING unnest($1::text[], $2::text[]) AS settled (queue, message_id)
       WHERE backout_ledger.queue = settled.queue AND backout_ledger.message_id = settled.message_id`,
      columns(messages),
    );
  }
}

const columns = (messages: readonly DeliveredMessage[]): [string[], string[]] => [
  messages.map(({ queue }) => queue),
  messages.map(({ messageId }) => messageId),
];

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Inbox and outbox, the same in every service's database. */
export class MessagingTables1700000000000 implements MigrationInterface {
  readonly name = 'MessagingTables1700000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE inbox (
        consumer text NOT NULL,
        message_id text NOT NULL,
        claimed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, message_id)
      )`);
    await runner.query('CREATE INDEX inbox_claimed_at ON inbox USING brin (claimed_at)');
    await runner.query(`
      CREATE TABLE outbox (
        broker text NOT NULL,
        id bigint GENERATED ALWAYS AS IDENTITY,
        destination text NOT NULL,
        key text NOT NULL,
        message_id text NOT NULL,
        headers json NOT NULL,
        body bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        parked_at timestamptz,
        parked_reason text,
        PRIMARY KEY (broker, id)
      )`);
    // A queue table: rows live for milliseconds, so dead ones are cleaned by number, not by share of the table.
    await runner.query(`
      ALTER TABLE outbox SET (
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000000)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE outbox');
    await runner.query('DROP TABLE inbox');
  }
}

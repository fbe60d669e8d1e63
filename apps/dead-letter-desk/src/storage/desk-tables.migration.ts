import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DeskTables1700000000001 implements MigrationInterface {
  readonly name = 'DeskTables1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE letter (
        id uuid PRIMARY KEY,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        broker text NOT NULL,
        source text NOT NULL,
        message_id text,
        origin text NOT NULL,
        position text NOT NULL,
        state text NOT NULL,
        type text,
        event_id text,
        order_id uuid,
        error text NOT NULL,
        reason text NOT NULL,
        consumer text,
        attempts integer NOT NULL,
        first_tried_at timestamptz,
        raised_at timestamptz NOT NULL,
        indexed_at timestamptz NOT NULL DEFAULT now(),
        changed_at timestamptz NOT NULL DEFAULT now(),
        envelope json NOT NULL,
        key text NOT NULL,
        body bytea NOT NULL,
        operator text,
        discard_reason text,
        edit json
      )`);
    await runner.query('CREATE INDEX letter_state ON letter (state, source, number)');
    await runner.query('CREATE INDEX letter_order ON letter (order_id)');
    await runner.query(`
      CREATE TABLE audit_entry (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        letter_id uuid NOT NULL REFERENCES letter (id),
        action text NOT NULL,
        operator text NOT NULL,
        detail json,
        at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX audit_entry_letter ON audit_entry (letter_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_entry');
    await runner.query('DROP TABLE letter');
  }
}

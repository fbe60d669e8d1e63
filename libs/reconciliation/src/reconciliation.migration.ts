import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One row: the run in progress, or the last one. */
export class Reconciliation1700000000020 implements MigrationInterface {
  readonly name = 'Reconciliation1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE reconciliation (
        id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        run uuid,
        started_at timestamptz,
        finished_at timestamptz,
        since timestamptz,
        listing text,
        cursor text,
        counts json NOT NULL DEFAULT '{}',
        due_at timestamptz NOT NULL DEFAULT now(),
        failures integer NOT NULL DEFAULT 0,
        error text,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('INSERT INTO reconciliation DEFAULT VALUES');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reconciliation');
  }
}

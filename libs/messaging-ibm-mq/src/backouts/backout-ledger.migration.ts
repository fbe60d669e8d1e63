import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deliveries from IBM MQ that came back: which count against their message, and which do not. */
export class BackoutLedger1700000000041 implements MigrationInterface {
  readonly name = 'BackoutLedger1700000000041';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE backout_ledger (
        queue text NOT NULL,
        message_id text NOT NULL,
        begun integer NOT NULL,
        excused integer NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (queue, message_id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE backout_ledger');
  }
}

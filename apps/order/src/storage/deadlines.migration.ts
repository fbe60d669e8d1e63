import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Deadlines1700000000003 implements MigrationInterface {
  readonly name = 'Deadlines1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE waiting_order (
        order_id uuid PRIMARY KEY,
        look_at timestamptz NOT NULL,
        cause json NOT NULL,
        nudged_in text,
        nudged_at timestamptz
      )`);
    // A queue table: most rows live for milliseconds, so dead ones are cleaned by number, not by share of the table.
    await runner.query(`
      ALTER TABLE waiting_order SET (
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000000000)`);
    await runner.query(`
      INSERT INTO waiting_order (order_id, look_at, cause)
      SELECT id, now(), json_build_object('correlationId', id) FROM orders
      WHERE status IN ('PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE waiting_order');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DueOrders1700000000004 implements MigrationInterface {
  readonly name = 'DueOrders1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE waiting_order ADD COLUMN failures integer NOT NULL DEFAULT 0');
    // While all goes well look_at is written once: the index costs an entry per order.
    await runner.query('CREATE INDEX waiting_order_due ON waiting_order (look_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX waiting_order_due');
    await runner.query('ALTER TABLE waiting_order DROP COLUMN failures');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Compensation1700000000002 implements MigrationInterface {
  readonly name = 'Compensation1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE payment ADD COLUMN refund_id text');
    await runner.query('ALTER TABLE payment ADD COLUMN cancelled boolean NOT NULL DEFAULT false');
    await runner.query(`CREATE INDEX payment_refunding ON payment (id) WHERE status = 'REFUNDING'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX payment_refunding');
    await runner.query('ALTER TABLE payment DROP COLUMN cancelled');
    await runner.query('ALTER TABLE payment DROP COLUMN refund_id');
  }
}

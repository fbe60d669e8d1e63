import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Cancellation1700000000002 implements MigrationInterface {
  readonly name = 'Cancellation1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE orders ADD COLUMN awaiting json NOT NULL DEFAULT '[]'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE orders DROP COLUMN awaiting');
  }
}

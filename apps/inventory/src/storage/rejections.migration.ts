import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rejections1700000000002 implements MigrationInterface {
  readonly name = 'Rejections1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE reservation ADD COLUMN lacking json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM reservation WHERE status = 'REJECTED'`);
    await runner.query('ALTER TABLE reservation DROP COLUMN lacking');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When what is only kept for a time was last pruned, by whichever process. */
export class Pruning1700000000012 implements MigrationInterface {
  readonly name = 'Pruning1700000000012';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pruning (
        subject text PRIMARY KEY,
        pruned_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE pruning');
  }
}

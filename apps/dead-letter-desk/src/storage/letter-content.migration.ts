import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A digest of each message, by which one that comes with the id of another is told from it. */
export class LetterContent1700000000020 implements MigrationInterface {
  readonly name = 'LetterContent1700000000020';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE letter ADD COLUMN content text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE letter DROP COLUMN content');
  }
}

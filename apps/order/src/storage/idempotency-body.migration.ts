import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IdempotencyBody1700000000014 implements MigrationInterface {
  readonly name = 'IdempotencyBody1700000000014';

  async up(runner: QueryRunner): Promise<void> {
    // Next to request_hash, which replicas of the version before compare while they are replaced.
    await runner.query('ALTER TABLE idempotency_key ADD COLUMN body_hash text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE idempotency_key DROP COLUMN body_hash');
  }
}

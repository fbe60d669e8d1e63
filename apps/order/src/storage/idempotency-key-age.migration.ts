import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds old keys without reading all; a block range index costs an order nothing. */
export class IdempotencyKeyAge1700000000013 implements MigrationInterface {
  readonly name = 'IdempotencyKeyAge1700000000013';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX idempotency_key_created_at ON idempotency_key USING brin (created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX idempotency_key_created_at');
  }
}

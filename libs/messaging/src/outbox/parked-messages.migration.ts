import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds parked messages among many that wait; costs nothing where none is parked. */
export class ParkedMessages1700000000011 implements MigrationInterface {
  readonly name = 'ParkedMessages1700000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX outbox_parked ON outbox (broker, id) WHERE parked_at IS NOT NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX outbox_parked');
  }
}

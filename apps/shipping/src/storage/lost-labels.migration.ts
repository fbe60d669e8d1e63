import type { MigrationInterface, QueryRunner } from 'typeorm';

export class LostLabels1700000000006 implements MigrationInterface {
  readonly name = 'LostLabels1700000000006';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE shipment ADD COLUMN label_lost text, ADD COLUMN disputed text,
         ADD COLUMN expects_label boolean NOT NULL DEFAULT false`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE shipment DROP COLUMN expects_label, DROP COLUMN disputed, DROP COLUMN label_lost',
    );
  }
}

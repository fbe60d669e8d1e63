import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Cancellation1700000000002 implements MigrationInterface {
  readonly name = 'Cancellation1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE shipment ADD COLUMN cancelled boolean NOT NULL DEFAULT false');
    // Of an order that is cancelled before it is paid, no more is known than that.
    await runner.query('ALTER TABLE shipment ALTER COLUMN ship_to DROP NOT NULL');
    await runner.query(`CREATE INDEX shipment_voiding ON shipment (id) WHERE status = 'VOIDING'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX shipment_voiding');
    await runner.query('ALTER TABLE shipment ALTER COLUMN ship_to SET NOT NULL');
    await runner.query('ALTER TABLE shipment DROP COLUMN cancelled');
  }
}

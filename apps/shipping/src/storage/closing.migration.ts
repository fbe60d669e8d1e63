import { indexRetries } from '@orderbridge/work-items';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Closing1700000000005 implements MigrationInterface {
  readonly name = 'Closing1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE INDEX shipment_closing ON shipment (id) WHERE status = 'CLOSING'`);
    await runner.query(indexRetries('shipment', 'CLOSING'));
    // Of a booking: when the carrier was asked last, and how many attempts it answered without booking.
    await runner.query(
      'ALTER TABLE shipment ADD COLUMN asked_at timestamptz, ADD COLUMN answered integer NOT NULL DEFAULT 0',
    );
    // A booking that was cancelled while it might be in flight was REQUESTED still.
    await runner.query(
      `UPDATE shipment SET status = 'CLOSING', asked_at = updated_at WHERE status = 'REQUESTED' AND cancelled`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`UPDATE shipment SET status = 'REQUESTED' WHERE status = 'CLOSING'`);
    await runner.query('DROP INDEX shipment_closing_retrying');
    await runner.query('DROP INDEX shipment_closing');
    await runner.query('ALTER TABLE shipment DROP COLUMN answered, DROP COLUMN asked_at');
  }
}

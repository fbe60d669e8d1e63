import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Deliveries1700000000003 implements MigrationInterface {
  readonly name = 'Deliveries1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE shipment ADD COLUMN booked_at timestamptz, ADD COLUMN delivered_at timestamptz',
    );
    await runner.query(`UPDATE shipment SET booked_at = updated_at WHERE tracking_number IS NOT NULL`);
    // One row: up to where the carrier's deliveries are known.
    await runner.query(`
      CREATE TABLE delivery_cursor (
        id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
        cursor text NOT NULL
      )`);
    await runner.query(`INSERT INTO delivery_cursor (cursor) VALUES ('')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delivery_cursor');
    await runner.query('ALTER TABLE shipment DROP COLUMN booked_at, DROP COLUMN delivered_at');
  }
}

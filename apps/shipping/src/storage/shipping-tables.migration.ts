import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ShippingTables1700000000001 implements MigrationInterface {
  readonly name = 'ShippingTables1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE shipment (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL UNIQUE,
        user_id uuid NOT NULL,
        status text NOT NULL,
        ship_to json NOT NULL,
        pieces integer NOT NULL,
        cause json NOT NULL,
        carrier text,
        carrier_reference text,
        tracking_number text,
        failure_code text,
        failure_reason text,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 50)`);
    // Holds only open work; due_at itself is left out, so that taking and postponing leave the index alone.
    await runner.query(`CREATE INDEX shipment_open ON shipment (id) WHERE status = 'REQUESTED'`);
    await runner.query(`
      CREATE TABLE label (
        shipment_id uuid PRIMARY KEY REFERENCES shipment (id),
        pdf bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE label');
    await runner.query('DROP TABLE shipment');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class InventoryTables1700000000001 implements MigrationInterface {
  readonly name = 'InventoryTables1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    // A hot product's row is updated all the time: room for the next version beside it keeps its index still.
    await runner.query(`
      CREATE TABLE stock (
        product_id uuid PRIMARY KEY,
        name text NOT NULL,
        on_hand integer NOT NULL,
        reserved integer NOT NULL DEFAULT 0,
        shipped integer NOT NULL DEFAULT 0,
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT stock_never_negative CHECK (reserved >= 0 AND on_hand >= reserved)
      ) WITH (fillfactor = 30)`);
    await runner.query(`
      CREATE TABLE reservation (
        order_id uuid PRIMARY KEY,
        status text NOT NULL,
        lines json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 80)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reservation');
    await runner.query('DROP TABLE stock');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OrderTables1700000000001 implements MigrationInterface {
  readonly name = 'OrderTables1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE product (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        unit_price bigint NOT NULL CHECK (unit_price >= 0),
        currency char(3) NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE orders (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        status text NOT NULL,
        reason text,
        currency char(3) NOT NULL,
        total bigint NOT NULL,
        lines json NOT NULL,
        ship_to json NOT NULL,
        payment_token text NOT NULL,
        invoice_number text,
        carrier text,
        tracking_number text,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL
      ) WITH (fillfactor = 60)`);
    await runner.query('CREATE INDEX orders_of_user ON orders (user_id, id DESC)');
    await runner.query(`
      CREATE TABLE order_timeline (
        order_id uuid NOT NULL,
        position integer NOT NULL,
        cause text NOT NULL,
        status text NOT NULL,
        message_id text NOT NULL,
        source text NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        detail text,
        PRIMARY KEY (order_id, position)
      )`);
    await runner.query(`
      CREATE TABLE idempotency_key (
        key text PRIMARY KEY,
        request_hash text NOT NULL,
        response json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['idempotency_key', 'order_timeline', 'orders', 'product']) {
      await runner.query(`DROP TABLE ${table}`);
    }
  }
}

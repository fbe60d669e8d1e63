import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PaymentTables1700000000001 implements MigrationInterface {
  readonly name = 'PaymentTables1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE payment (
        id uuid PRIMARY KEY,
        order_id uuid NOT NULL UNIQUE,
        user_id uuid NOT NULL,
        status text NOT NULL,
        amount bigint NOT NULL CHECK (amount >= 0),
        currency char(3) NOT NULL,
        payment_token text,
        fulfilment json,
        cause json NOT NULL,
        charge_id text,
        failure_code text,
        failure_reason text,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 50)`);
    // Holds only open work; due_at itself is left out, so that taking and postponing leave the index alone.
    await runner.query(`CREATE INDEX payment_open ON payment (id) WHERE status = 'PENDING'`);
    await runner.query('CREATE SEQUENCE invoice_number');
    await runner.query(`
      CREATE TABLE invoice (
        number text PRIMARY KEY,
        payment_id uuid NOT NULL UNIQUE,
        amount bigint NOT NULL,
        currency char(3) NOT NULL,
        lines json NOT NULL,
        issued_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE invoice');
    await runner.query('DROP SEQUENCE invoice_number');
    await runner.query('DROP TABLE payment');
  }
}

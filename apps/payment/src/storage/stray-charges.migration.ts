import { addWorkItemColumns, indexRetries } from '@orderbridge/work-items';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What reconciliation finds at the gateway, and payments that it makes again. */
export class StrayCharges1700000000005 implements MigrationInterface {
  readonly name = 'StrayCharges1700000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE payment ADD COLUMN paid_before boolean NOT NULL DEFAULT false');
    await runner.query(`
      CREATE TABLE stray_charge (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        charge_id text NOT NULL UNIQUE,
        order_id uuid NOT NULL,
        amount bigint NOT NULL,
        currency text NOT NULL,
        refund_id text,
        status text NOT NULL DEFAULT 'FOUND',
        cause json NOT NULL DEFAULT '{}',
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz NOT NULL DEFAULT now(),
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(addWorkItemColumns('stray_charge'));
    await runner.query(indexRetries('stray_charge', 'REFUNDING'));
    await runner.query(`CREATE INDEX stray_charge_open ON stray_charge (id) WHERE status = 'REFUNDING'`);
    await runner.query('CREATE INDEX stray_charge_order ON stray_charge (order_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE stray_charge');
    await runner.query('ALTER TABLE payment DROP COLUMN paid_before');
  }
}

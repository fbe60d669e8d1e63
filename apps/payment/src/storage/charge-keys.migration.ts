import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Payments without a key are of earlier versions, which charged under the payment's id. */
export class ChargeKeys1700000000004 implements MigrationInterface {
  readonly name = 'ChargeKeys1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE payment ADD COLUMN charge_key text');
    await runner.query('ALTER TABLE payment ADD COLUMN given_up boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE payment DROP COLUMN given_up');
    await runner.query('ALTER TABLE payment DROP COLUMN charge_key');
  }
}

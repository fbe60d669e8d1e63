import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Deliveries that were begun and not finished, the same in every service's database. */
export class DeliveryStarts1700000000010 implements MigrationInterface {
  readonly name = 'DeliveryStarts1700000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE delivery_start (
        consumer text NOT NULL,
        origin text NOT NULL,
        starts integer NOT NULL,
        first_started_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, origin)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delivery_start');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class OpenReservations1700000000003 implements MigrationInterface {
  readonly name = 'OpenReservations1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    // Few of all reservations are open: those that are for long are found without reading the others.
    await runner.query(
      `CREATE INDEX reservation_open ON reservation (updated_at, order_id) WHERE status = 'RESERVED'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX reservation_open');
  }
}

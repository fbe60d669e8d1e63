import { addWorkItemColumns, indexRetries } from '@orderbridge/work-items';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkItemFailures1700000000004 implements MigrationInterface {
  readonly name = 'WorkItemFailures1700000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(addWorkItemColumns('shipment'));
    await runner.query(indexRetries('shipment', 'REQUESTED'));
    await runner.query(indexRetries('shipment', 'VOIDING'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX shipment_voiding_retrying');
    await runner.query('DROP INDEX shipment_requested_retrying');
    await runner.query('ALTER TABLE shipment DROP COLUMN item_failures, DROP COLUMN retrying');
  }
}

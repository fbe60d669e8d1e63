import { addWorkItemColumns, indexRetries } from '@orderbridge/work-items';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class WorkItemFailures1700000000003 implements MigrationInterface {
  readonly name = 'WorkItemFailures1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(addWorkItemColumns('payment'));
    await runner.query(indexRetries('payment', 'PENDING'));
    await runner.query(indexRetries('payment', 'REFUNDING'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX payment_refunding_retrying');
    await runner.query('DROP INDEX payment_pending_retrying');
    await runner.query('ALTER TABLE payment DROP COLUMN item_failures, DROP COLUMN retrying');
  }
}

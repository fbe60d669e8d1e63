import type { InjectionToken, Provider } from '@nestjs/common';
import { UnitsOfWork } from '@orderbridge/messaging';
import { DataSource } from 'typeorm';
import type { Listing } from './listing.js';
import { Reconciliation } from './reconciliation.js';
import { ReconciliationRepository } from './reconciliation.repository.js';
import { ReconciliationTask } from './reconciliation-task.js';

/**
 * What a service needs to reconcile, besides `ReconciliationController`, the migration `Reconciliation1700000000020` and
 * the listings themselves, given by their injection tokens and compared one after the other.
 *
 * @param intervalSeconds RECONCILE_INTERVAL_SECONDS
 */
export const reconciliationProviders = (
  intervalSeconds: number,
  ...listings: readonly InjectionToken<Listing<never>>[]
): Provider[] => [
  {
    provide: ReconciliationRepository,
    inject: [DataSource],
    useFactory: (dataSource: DataSource) => new ReconciliationRepository(dataSource),
  },
  {
    provide: Reconciliation,
    inject: [ReconciliationRepository, UnitsOfWork, ...listings],
    useFactory: (repository: ReconciliationRepository, unitsOfWork: UnitsOfWork, ...given: Listing[]) =>
      new Reconciliation(repository, unitsOfWork, given),
  },
  {
    provide: ReconciliationTask,
    inject: [Reconciliation],
    useFactory: (reconciliation: Reconciliation) => new ReconciliationTask(reconciliation, intervalSeconds),
  },
];

export * from './listing.js';
export * from './reconciliation.js';
export * from './reconciliation.controller.js';
export * from './reconciliation.migration.js';
export * from './reconciliation.providers.js';
export * from './reconciliation.repository.js';
export * from './reconciliation-environment.js';

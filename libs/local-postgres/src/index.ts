export * from './local-postgres.js';
export * from './start-postgres.js';

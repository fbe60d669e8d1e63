export * from './local-postgres.js';
export * from './postgres-programs.js';
export * from './start-postgres.js';

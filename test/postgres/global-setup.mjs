// One PostgreSQL for all integration tests; each takes a database of its own, see test-database.ts.
// Jest loads this file before its own transforms, so it uses what was compiled.
import { build } from '../../apps/stack/build.mjs';

export default async function start() {
  build();
  const { startPostgres } = await import('../../dist/libs/local-postgres/src/index.js');
  globalThis.postgresOfTests = await startPostgres();
  process.env.TEST_POSTGRES_URL = globalThis.postgresOfTests.url('postgres');
}

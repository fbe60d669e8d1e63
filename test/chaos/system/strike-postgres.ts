import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Fault } from '../plan/fault.js';
import type { ChaosSystem } from './chaos-system.js';

/** The role of all services, with the password that they know. */
const ROLE = 'orderbridge';
const PASSWORD = 'orderbridge';
/** Milliseconds between two blows of a fault that is many, and within which PostgreSQL has to be back to end it. */
const BLOW_INTERVAL = 200;
const PATIENCE = 60_000;

/** Services know a password that is no longer right, for some seconds, and lose their connections. */
export async function rotatePassword(system: ChaosSystem, seconds: number): Promise<boolean> {
  const length = await system.logLength('postgres');
  await untilDone(system, 'postgres', async (client) => {
    await client.query(`ALTER ROLE ${ROLE} PASSWORD 'rotated'`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [ROLE]);
  });
  await sleep(seconds * 1_000);
  await untilDone(system, 'postgres', (client) => client.query(`ALTER ROLE ${ROLE} PASSWORD '${PASSWORD}'`));
  return /password authentication failed/.test(await system.logSince('postgres', length));
}

type Maintenance = Extract<Fault, { kind: 'maintenance' }>;

/** Does to a service's database what administrators do, for some seconds. */
export function maintain(system: ChaosSystem, { database, work, seconds }: Maintenance): Promise<boolean> {
  return MAINTENANCE[work](system, database, seconds);
}

type Work = (system: ChaosSystem, database: string, seconds: number) => Promise<boolean>;

const MAINTENANCE: Readonly<Record<Maintenance['work'], Work>> = {
  'terminate backends': (...to) => signalBackends('pg_terminate_backend', ...to),
  'cancel statements': (...to) => signalBackends('pg_cancel_backend', ...to),
  'refuse connections': refuseConnections,
  'lock a table': lockTable,
  'change column types': changeTypes,
};

async function signalBackends(
  how: 'pg_terminate_backend' | 'pg_cancel_backend',
  system: ChaosSystem,
  database: string,
  seconds: number,
): Promise<boolean> {
  let hits = 0;
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(BLOW_INTERVAL)) {
    await once(system, 'postgres', async (client) => {
      const { rowCount } = await client.query(
        `SELECT ${how}(pid) FROM pg_stat_activity
         WHERE datname = $1 AND usename = $2 AND backend_type = 'client backend'
           AND ($3 OR state = 'active')`,
        [database, ROLE, how === 'pg_terminate_backend'],
      );
      hits += rowCount ?? 0;
    }).catch(() => undefined);
  }
  return hits > 0;
}

async function refuseConnections(system: ChaosSystem, database: string, seconds: number): Promise<boolean> {
  const length = await system.logLength('postgres');
  const name = pg.escapeIdentifier(database);
  await untilDone(system, 'postgres', async (client) => {
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      database,
    ]);
  });
  await sleep(seconds * 1_000);
  await untilDone(system, 'postgres', (client) =>
    client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`),
  );
  return /not currently accepting connections/.test(await system.logSince('postgres', length));
}

/** The table that every message goes through. */
const HOT_TABLE = 'inbox';

async function lockTable(system: ChaosSystem, database: string, seconds: number): Promise<boolean> {
  return untilDone(system, database, async (client) => {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${HOT_TABLE} IN ACCESS EXCLUSIVE MODE`);
    await sleep(seconds * 1_000);
    const { rows } = await client.query<{ waiting: number }>(
      'SELECT count(*)::int AS waiting FROM pg_locks WHERE NOT granted AND relation = $1::regclass',
      [HOT_TABLE],
    );
    await client.query('COMMIT');
    return (rows[0]?.waiting ?? 0) > 0;
  });
}

/** As a migration does while old replicas run: what prepared statements return has another type then, and later again. */
async function changeTypes(system: ChaosSystem, database: string, seconds: number): Promise<boolean> {
  const change = (from: 'text' | 'varchar', to: 'text' | 'varchar'): Promise<number> =>
    untilDone(system, database, async (client) => {
      const { rows } = await client.query<{ place: string; name: string }>(
        `SELECT attrelid::regclass::text AS place, quote_ident(attname) AS name
         FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
           AND atttypid = $1::regtype AND atttypmod = -1`,
        [from],
      );
      for (const { place, name } of rows)
        await client.query(`ALTER TABLE ${place} ALTER COLUMN ${name} TYPE ${to}`);
      return rows.length;
    });
  const changed = await change('text', 'varchar');
  await sleep(seconds * 1_000);
  await change('varchar', 'text');
  return changed > 0;
}

/** Does something with a connection that no fault of ours concerns, again until it has succeeded. */
export async function untilDone<Result>(
  system: ChaosSystem,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  for (const end = performance.now() + PATIENCE; ; await sleep(BLOW_INTERVAL)) {
    try {
      return await once(system, database, work);
    } catch (error) {
      // A process that was killed is back soon, and a deadlock may have chosen us.
      if (performance.now() > end) throw error;
    }
  }
}

async function once<Result>(
  system: ChaosSystem,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: system.administratorOf(database),
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

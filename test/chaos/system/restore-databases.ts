import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DESK, SERVICES, type Service } from '../plan/fault.js';
import type { ChaosSystem } from './chaos-system.js';
import { familyOf, signal } from './processes.js';
import { untilDone } from './strike-postgres.js';

const copyOf = (database: string): string => `${database}_copy`;

/**
 * Copies databases at one moment, goes on for some seconds, then stops all services, puts the copies in the databases'
 * place, and starts the services again: what they have written meanwhile is gone, while brokers and partners know of it.
 */
export async function restoreDatabases(
  system: ChaosSystem,
  databases: readonly Service[],
  seconds: number,
): Promise<boolean> {
  const stopped = await stopServices(system);
  try {
    for (const database of databases) await copy(system, database);
  } finally {
    signal(stopped, 'SIGCONT');
  }
  await sleep(seconds * 1_000);
  const old = await stopServices(system);
  for (const database of databases) await putCopyInPlace(system, database);
  // They have been stopped since before; those that are started in their place find the databases as they are now.
  signal(old, 'SIGKILL');
  return true;
}

/** From now on they do nothing, and what they hold open does not count. */
async function stopServices(system: ChaosSystem): Promise<number[]> {
  const pids: number[] = [];
  for (const service of [...SERVICES, DESK]) pids.push(...familyOf(await system.stack.pid(service)));
  signal(pids, 'SIGSTOP');
  return pids;
}

async function copy(system: ChaosSystem, database: Service): Promise<void> {
  await untilDone(system, 'postgres', async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name(copyOf(database))}`);
    await leave(client, database);
    await client.query(`CREATE DATABASE ${name(copyOf(database))} TEMPLATE ${name(database)}`);
    await client.query(`ALTER DATABASE ${name(database)} ALLOW_CONNECTIONS true`);
  });
}

async function putCopyInPlace(system: ChaosSystem, database: Service): Promise<void> {
  await untilDone(system, 'postgres', async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [copyOf(database)]);
    if (rowCount === 0) return;
    await leave(client, database);
    await client.query(`DROP DATABASE IF EXISTS ${name(database)}`);
    await client.query(`ALTER DATABASE ${name(copyOf(database))} RENAME TO ${name(database)}`);
    await client.query(`ALTER DATABASE ${name(database)} ALLOW_CONNECTIONS true`);
  });
}

/** Nobody is connected to it any more, and nobody gets in. */
async function leave(client: pg.Client, database: string): Promise<void> {
  await client.query(
    `DO $$ BEGIN
       IF EXISTS (SELECT FROM pg_database WHERE datname = ${pg.escapeLiteral(database)}) THEN
         ALTER DATABASE ${name(database)} ALLOW_CONNECTIONS false;
       END IF;
     END $$`,
  );
  await client.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [
    database,
  ]);
}

const name = (database: string): string => pg.escapeIdentifier(database);

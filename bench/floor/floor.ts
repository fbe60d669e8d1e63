import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MessagingTables1700000000000 } from '@orderbridge/messaging';
import type { RunningStack } from '@orderbridge/running-stack';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { InventoryTables1700000000001 } from '../../apps/inventory/src/storage/inventory-tables.migration.js';
import { OrderTables1700000000001 } from '../../apps/order/src/storage/order-tables.migration.js';
import { PaymentTables1700000000001 } from '../../apps/payment/src/storage/payment-tables.migration.js';
import { ShippingTables1700000000001 } from '../../apps/shipping/src/storage/shipping-tables.migration.js';
import { ORDER_SCRIPT, PRODUCTS } from './order-script.js';

const run = promisify(execFile);
const DATABASE = 'floor';
const CLIENTS = 32;

/** @throws Error with a line for the user when pgbench is missing. */
export async function requirePgbench(): Promise<void> {
  await run('pgbench', ['--version']).catch((error: unknown) => {
    throw new Error('The floor needs pgbench; on Debian: apt-get install postgresql-contrib.', {
      cause: error,
    });
  });
}

/** Makes the floor's database, with the tables of all services, on the stack's own server. */
export async function prepareFloor(stack: RunningStack): Promise<void> {
  const client = new pg.Client({ connectionString: stack.database('postgres') });
  await client.connect();
  await client.query(`CREATE DATABASE ${DATABASE}`);
  await client.end();
  const dataSource = new DataSource({
    type: 'postgres',
    url: stack.database(DATABASE),
    migrations: [
      MessagingTables1700000000000,
      OrderTables1700000000001,
      InventoryTables1700000000001,
      PaymentTables1700000000001,
      ShippingTables1700000000001,
    ],
  });
  await dataSource.initialize();
  await dataSource.runMigrations();
  await dataSource.query(
    `INSERT INTO stock (product_id, name, on_hand)
     SELECT md5(n::text)::uuid, 'product', 1000000000 FROM generate_series(1, $1::integer) n`,
    [PRODUCTS],
  );
  await dataSource.destroy();
}

/** Orders per second that PostgreSQL alone takes. */
export async function measureFloor(stack: RunningStack, seconds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'floor-'));
  try {
    const script = join(folder, 'order.sql');
    await writeFile(script, ORDER_SCRIPT);
    const { stdout } = await run('pgbench', [
      ...['--no-vacuum', '--protocol', 'prepared', '--file', script],
      ...['--client', `${CLIENTS}`, '--jobs', '2', '--time', `${seconds}`],
      stack.database(DATABASE),
    ]);
    const tps = /tps = ([\d.]+)/.exec(stdout)?.[1];
    if (tps === undefined) throw new Error(`pgbench said:\n${stdout}`);
    return Number(tps);
  } finally {
    await rm(folder, { recursive: true });
  }
}

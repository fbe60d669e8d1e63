import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL('../native/', import.meta.url));
const LIBRARY = process.platform === 'darwin' ? 'libmqm_r.dylib' : 'libmqm_r.so';

const FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-g', '-fPIC', '-pthread', '-fvisibility=hidden'];
const LINK_FLAGS =
  process.platform === 'darwin'
    ? ['-dynamiclib', '-install_name', `@rpath/${LIBRARY}`]
    : ['-shared', `-Wl,-soname,${LIBRARY}`];

export interface ClientLibraryOptions {
  /** Where compiled libraries are kept; created if need be. */
  cacheDir: string;
  /** The folder of the `ibmmq` package, whose header is compiled against; by default the one that Node finds. */
  ibmmqDir?: string;
  /** More flags for the compiler, such as `-Werror`. */
  compilerFlags?: readonly string[];
}

/** The library could not be built; the message says what to install. */
export class ClientLibraryError extends Error {}

/**
 * The folder with the stand-in for IBM's client library, for LD_LIBRARY_PATH. The library is compiled with
 * the machine's `cc` (or `$CC`) when the cache does not have it yet; several processes may do so at once.
 *
 * @throws ClientLibraryError when there is no compiler or no `ibmmq` package
 */
export async function clientLibrary(options: ClientLibraryOptions): Promise<string> {
  const compiler = process.env.CC ?? 'cc';
  const headers = join(options.ibmmqDir ?? findIbmmq(), 'src');
  const flags = [...FLAGS, ...(options.compilerFlags ?? [])];
  const folder = join(
    options.cacheDir,
    `client-${fingerprint(headers, [compiler, ...flags, ...LINK_FLAGS])}`,
  );
  if (existsSync(join(folder, LIBRARY))) return folder;
  mkdirSync(options.cacheDir, { recursive: true });
  const building = mkdtempSync(join(options.cacheDir, 'building-'));
  try {
    await compile(compiler, flags, headers, join(building, LIBRARY));
    publish(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return folder;
}

function findIbmmq(): string {
  const places = [import.meta.url, join(process.cwd(), 'package.json')];
  for (const place of places) {
    try {
      return dirname(createRequire(place).resolve('ibmmq/package.json'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new ClientLibraryError('The npm package ibmmq is not installed: npm install ibmmq');
}

function sourceFiles(): string[] {
  return readdirSync(SOURCES)
    .filter((name) => /\.[ch]$/.test(name))
    .toSorted()
    .map((name) => join(SOURCES, name));
}

function fingerprint(headers: string, command: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([process.platform, process.arch, ...command]));
  for (const file of [...sourceFiles(), join(headers, 'unix/cmqc.h'), join(headers, 'cmqxc.h')]) {
    hash.update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

async function compile(compiler: string, flags: string[], headers: string, output: string): Promise<void> {
  const includes = ['-isystem', join(headers, 'unix'), '-isystem', headers];
  const sources = sourceFiles().filter((file) => file.endsWith('.c'));
  try {
    await run(compiler, [...flags, ...LINK_FLAGS, ...includes, '-o', output, ...sources]);
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new ClientLibraryError(noCompiler(compiler));
    throw new ClientLibraryError(`The MQ client library could not be compiled with ${compiler}:\n${stderr}`);
  }
}

function noCompiler(compiler: string): string {
  const install =
    process.platform === 'darwin'
      ? 'install the Xcode command line tools (xcode-select --install)'
      : 'install a C compiler (Debian and Ubuntu: build-essential; Fedora and Alpine: gcc and the C headers)';
  return (
    `The stand-in for IBM's MQ client library is compiled on first use, but there is no ${compiler} here: ` +
    `${install}, or use a real IBM MQ with docker compose.`
  );
}

/** Puts a finished build in place; another process may have been faster. */
function publish(building: string, folder: string): void {
  try {
    renameSync(building, folder);
  } catch (error) {
    if (!existsSync(join(folder, LIBRARY))) throw error;
  }
}

/** The environment by which a program's `ibmmq` finds the library. Paths that are set already stay. */
export function libraryEnvironment(folder: string): Record<string, string> {
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  const existing = process.env[variable];
  return {
    [variable]: existing ? `${folder}:${existing}` : folder,
    MQIJS_PREFER_INSTALLED_LIBRARY: '1',
  };
}

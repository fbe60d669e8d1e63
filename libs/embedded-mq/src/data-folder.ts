import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Another queue manager has the data folder. */
export class DataFolderLocked extends Error {}

const FILE = 'lock';
const heldHere = new Set<string>();

/**
 * Claims a data folder, creating it if need be, for as long as this process runs or until the returned
 * function is called. A lock left by a process that is gone counts for nothing.
 *
 * @throws DataFolderLocked
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(resolve(folder), FILE);
  mkdirSync(folder, { recursive: true });
  const holder = readHolder(path);
  if (heldHere.has(path) || (holder && isAlive(holder))) {
    throw new DataFolderLocked(
      `The data folder ${folder} is in use by process ${holder?.pid ?? process.pid}.`,
    );
  }
  if (holder) rmSync(path, { force: true });
  const mine = `${process.pid} ${startTime(process.pid)}\n`;
  try {
    writeFileSync(path, mine, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new DataFolderLocked(`The data folder ${folder} has just been taken by another process.`);
  }
  heldHere.add(path);
  return () => {
    heldHere.delete(path);
    rmSync(path, { force: true });
  };
}

interface Holder {
  pid: number;
  started: string;
}

function readHolder(path: string): Holder | undefined {
  try {
    const [pid = '', ...started] = readFileSync(path, 'utf8').trim().split(' ');
    return { pid: Number(pid), started: started.join(' ') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A process with the same number that was started at another time is another process. */
function isAlive({ pid, started }: Holder): boolean {
  return pid !== process.pid && started !== '' && startTime(pid) === started;
}

/** When a process was started, in a form that only compares; empty when there is none. */
function startTime(pid: number): string {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ended = fields[0] === 'Z' || fields[0] === 'X'; // killed, and not yet waited for by its parent
      return ended ? '' : `${boot} ${fields[19]}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .replaceAll(/ +/g, ' ');
  } catch {
    return '';
  }
}

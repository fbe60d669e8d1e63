import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fileName = 'lock';

/** The data folder is in use by another broker. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError';
}

/** Folders that this very process holds, which the lock file alone could not tell from an earlier process's. */
const held = new Set<string>();

/**
 * Keeps two brokers from writing one data folder. The lock file names its owner's process; a lock whose owner was
 * killed does not count.
 *
 * @returns the function that gives the folder free
 * @throws FolderLockedError while another broker uses the folder
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, fileName);
  if (held.has(folder)) throw lockedBy(folder, process.pid);
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(identify(process.pid)), { flag: 'wx' });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(path);
    if (owner !== undefined && owner.pid !== process.pid && isAlive(owner)) {
      throw lockedBy(folder, owner.pid);
    }
    rmSync(path, { force: true });
  }
  held.add(folder);
  return () => {
    held.delete(folder);
    rmSync(path, { force: true });
  };
}

interface Owner {
  readonly pid: number;
  /** When the process started, in a form that only compares; absent where the system does not tell. */
  readonly started?: string;
}

function lockedBy(folder: string, pid: number): FolderLockedError {
  return new FolderLockedError(`The data folder ${folder} is in use by another broker (process ${pid}).`);
}

/** Process numbers are used again, so the start time goes with them (field 22 of /proc/<pid>/stat on Linux). */
function identify(pid: number): Owner {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2);
    return { pid, started: afterName.split(' ')[19] };
  } catch {
    return { pid };
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return identify(owner.pid).started === owner.started;
}

import { writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. Linux takes one change of a session in 100 ms, of all sessions, from those who are not root. */
const RETRY_INTERVAL = 110;
/** Enough for some systems that start at once. */
const ATTEMPTS = 50;

/**
 * Lets a process, the first of its session, stand back by `nice` (1 to 19) where the CPU is short. Where Linux shares the
 * CPU between sessions (autogroup, see sched(7)) the session stands back, too. Resolves also when the machine does not
 * allow it or the process has ended: it is a favour to others, nothing depends on it.
 */
export async function lowerPriority(pid: number, nice: number): Promise<void> {
  try {
    setPriority(pid, nice);
  } catch {
    return;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      await writeFile(`/proc/${pid}/autogroup`, `${nice}`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      await sleep(RETRY_INTERVAL);
    }
  }
}

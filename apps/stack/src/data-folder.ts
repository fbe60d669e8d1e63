import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes the data folder and claims it for this process; two stacks on one folder would spoil each other's state.
 *
 * @returns a function that gives it up.
 * @throws Error with a line for the user when another process has it.
 */
export async function claimDataFolder(data: string): Promise<() => Promise<void>> {
  await mkdir(data, { recursive: true });
  const path = join(data, 'stack.pid');
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.write(`${process.pid}`);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(await readFile(path, 'utf8').catch(() => '0'));
      if (pid > 0 && isAlive(pid)) {
        throw new Error(
          `${data} is in use by another npm start (process ${pid}). Stop it, or add -- --data OTHER.`,
          {
            cause: error,
          },
        );
      }
      // Left behind by a start that was killed.
      await rm(path, { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

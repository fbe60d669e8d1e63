import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every place at which a test can let a service die: the boundaries between the steps that must not be torn apart. */
export const CRASH_POINTS = [
  'pipeline.claimed',
  'pipeline.handled',
  'pipeline.committed',
  'kafka.committing-offsets',
  'kafka.offsets-committed',
  'ibm-mq.committing',
  'ibm-mq.committed',
  'relay.taken',
  'relay.published',
  'work-items.taken',
  'work-items.performed',
  'work-items.settled',
  'place-order.committed',
  'cancel-order.committed',
  'dead-letters.asked',
  'dead-letters.moved',
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Names the folder of orders to die. Without it, as everywhere but in chaos tests, crash points do nothing. */
export const CRASH_POINTS_FOLDER = 'CRASH_POINTS_FOLDER';

/** The order for a process: dies the given time it comes to the point, 1 for the next. */
export const crashOrder = (point: CrashPoint, hit: number): string => `${point} ${hit}`;

/**
 * Dies here as by kill -9 when a file named after the process id in the folder says so. The file is gone by then, so
 * that who wrote it knows that the process died at this point, and a new process with the same id does not.
 */
export const crashPoint: (point: CrashPoint) => void = armed(process.env[CRASH_POINTS_FOLDER]);

function armed(folder: string | undefined): (point: CrashPoint) => void {
  if (!folder) return () => undefined;
  const path = join(folder, `${process.pid}`);
  return (point) => {
    const [wanted, hit] = readOrder(path);
    if (wanted !== point) return;
    if (hit > 1) {
      writeFileSync(path, crashOrder(point, hit - 1));
      return;
    }
    rmSync(path);
    process.kill(process.pid, 'SIGKILL');
  };
}

function readOrder(path: string): [point: string, hit: number] {
  try {
    const [point = '', hit] = readFileSync(path, 'utf8').split(' ');
    return [point, Number(hit)];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ['', 0];
    throw error;
  }
}

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(4_096, 1);

/** How often per second 4 KB can be appended to a file of the folder and forced to disk, one after the other. */
export function measureDisk(folder: string, seconds: number): number {
  const path = join(folder, 'floor');
  const file = openSync(path, 'w');
  try {
    const begun = performance.now();
    let times = 0;
    let elapsed = 0;
    while (elapsed < seconds * 1_000) {
      writeSync(file, BLOCK);
      fdatasyncSync(file);
      times++;
      elapsed = performance.now() - begun;
    }
    return (times * 1_000) / elapsed;
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

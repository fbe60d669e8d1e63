import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MEBIBYTE = 1024 * 1024;

/** A small disk in memory (tmpfs), which can be filled to the last byte. */
export class Disk {
  readonly #ballast: string;

  private constructor(private readonly folder: string) {
    this.#ballast = join(folder, '.ballast');
  }

  /** Whether disks can be mounted here: it takes Linux and root, which in a container may still not be allowed to. */
  static async isPossible(): Promise<boolean> {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
    const folder = await mkdtemp(join(tmpdir(), 'orderbridge-disk-'));
    try {
      await (await Disk.mount(folder, 1)).unmount();
      return true;
    } catch {
      return false;
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** A disk of so many mebibytes in a folder, which is made where it does not exist. */
  static async mount(folder: string, size: number): Promise<Disk> {
    await mkdir(folder, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', folder]);
    return new Disk(folder);
  }

  /** Leaves nothing free, until `free`. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, 'a');
    const bytes = Buffer.alloc(MEBIBYTE);
    try {
      for (let size = bytes.length; size >= 1;) {
        const written = await file.write(bytes, 0, size).then(
          ({ bytesWritten }) => bytesWritten,
          (error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOSPC') throw error;
            return 0;
          },
        );
        if (written === 0) size = Math.floor(size / 2);
      }
    } finally {
      await file.close();
    }
  }

  async isFull(): Promise<boolean> {
    return (await statfs(this.folder)).bavail === 0;
  }

  async free(): Promise<void> {
    await rm(this.#ballast, { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', ['--lazy', this.folder]);
  }
}

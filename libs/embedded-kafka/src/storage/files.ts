import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** Below this, copying the pieces together is cheaper than handing the kernel many small ones. */
const gatherBelowBytes = 64 * 1024;

/** Writes all pieces one after the other from a position on. After an error some of it may be written. */
export async function writeAt(file: FileHandle, position: number, pieces: Buffer[]): Promise<void> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  let written = 0;
  if (bytes > gatherBelowBytes) ({ bytesWritten: written } = await file.writev(pieces, position));
  if (written === bytes) return;
  const whole = Buffer.concat(pieces, bytes);
  while (written < bytes) {
    const { bytesWritten } = await file.write(whole, written, bytes - written, position + written);
    written += bytesWritten;
  }
}

/** Reads up to `bytes` from a position on; fewer only at the end of the file. */
export async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(buffer, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

export async function readIfPresent(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Writes a file so that at any moment either its old or its new content is there, also after a power failure. */
export async function replaceFile(folder: string, name: string, content: string): Promise<void> {
  const path = join(folder, name);
  const fresh = `${path}.new`;
  const file = await open(fresh, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(folder);
}

/** Makes names that were added to or removed from a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

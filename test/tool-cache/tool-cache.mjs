// Programs and files that checks need and that npm does not install with the rest, kept under node_modules/.cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../node_modules/.cache/orderbridge-tools', import.meta.url));

/**
 * Fills a folder unless it is there already; one that was not filled to its end does not stay.
 *
 * @param {(target: string) => void} fill puts into the folder at `target` what is wanted
 * @returns where the folder is
 */
export function cached(name, fill) {
  const folder = join(root, name);
  if (existsSync(folder)) return folder;
  mkdirSync(root, { recursive: true });
  const target = mkdtempSync(join(root, 'incomplete-'));
  try {
    fill(target);
    renameSync(target, folder);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
  return folder;
}

/** @throws Error that says which command failed */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  if (error) throw new Error(`${program} cannot be run: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}.`);
}

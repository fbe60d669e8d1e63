// Compiles every workspace with swc into dist/ (types are checked by `npm run check:types`).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** An image is built without what only developers need. */
const sources = [
  'libs',
  'apps',
  'bench',
  'test/simulator',
  'test/chaos',
  'test/tls',
  'test/real-backends',
].filter((folder) => existsSync(join(root, folder)));
const ignored = new Set(['node_modules', 'dist']);
const dist = join(root, 'dist');
const stamp = join(dist, '.built');

function newestChange(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (ignored.has(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestChange(path) : statSync(path).mtimeMs);
  }
  return newest;
}

function upToDate() {
  if (!existsSync(stamp)) return false;
  const inputs = [
    ...sources.map((folder) => newestChange(join(root, folder))),
    statSync(join(root, '.swcrc')).mtimeMs,
  ];
  return Math.max(...inputs) < statSync(stamp).mtimeMs;
}

/**
 * Brings dist/ up to date; does nothing when no source has changed. The new tree is swapped in whole,
 * so that a stack that runs from the old one never sees half of each.
 */
export function build(begin = () => undefined) {
  if (upToDate()) return;
  begin();
  const fresh = `${dist}-${process.pid}`;
  const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
  const ignore =
    '**/node_modules/**,**/dist/**,libs/*/test/**,*/*/test-support/**,**/*.spec.ts,**/*.int-spec.ts';
  const run = spawnSync(
    process.execPath,
    [swc, ...sources, '--out-dir', fresh, '--copy-files', '--quiet', '--ignore', ignore],
    { cwd: root, stdio: 'inherit' },
  );
  if (run.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    throw new Error('The build failed; see the messages above.');
  }
  writeFileSync(join(fresh, '.built'), '');
  const old = `${fresh}-old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();

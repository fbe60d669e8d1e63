// What images hold of Orderbridge's own: `node deploy/images/assemble.mjs FOLDER APP...` copies each compiled app, and the
// libraries that its package.json leads to, from dist/ into FOLDER/APP/dist.
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCOPE = '@orderbridge/';

/** The folders of a workspace and of those that it declares, directly or not. */
function workspacesOf(folder, found = new Set()) {
  if (found.has(folder)) return found;
  found.add(folder);
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (name.startsWith(SCOPE)) workspacesOf(`libs/${name.slice(SCOPE.length)}`, found);
  }
  return found;
}

/** Source maps point at sources that no image holds. */
const isNeeded = (path) => !path.endsWith('.map');

const [target, ...apps] = process.argv.slice(2);
if (target === undefined || apps.length === 0) {
  process.stderr.write('Usage: node deploy/images/assemble.mjs FOLDER APP...\n');
  process.exit(2);
}
for (const app of apps) {
  for (const folder of workspacesOf(`apps/${app}`)) {
    const to = join(target, app, 'dist', folder);
    mkdirSync(to, { recursive: true });
    cpSync(join(root, 'dist', folder), to, { recursive: true, filter: isNeeded });
  }
}

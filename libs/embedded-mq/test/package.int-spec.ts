import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('../', import.meta.url));
const { resolve } = createRequire(import.meta.url);

let project: string;
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'embedded-mq-project-'));
});
afterEach(() => rm(project, { recursive: true, force: true }));

/** An empty project with the package as npm would install it. */
async function install(): Promise<void> {
  await run('npm', ['pack', '--pack-destination', project], { cwd: PACKAGE });
  const [tarball] = await readdir(project);
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, '@orderbridge'), { recursive: true });
  await run('tar', ['xf', join(project, tarball!), '-C', modules]);
  await run('mv', [join(modules, 'package'), join(modules, '@orderbridge', 'embedded-mq')]);
  await symlink(dirname(resolve('ibmmq/package.json')), join(modules, 'ibmmq'));
  await writeFile(join(project, 'package.json'), '{"name":"empty","version":"1.0.0"}');
}

test('the test in the README passes in an empty project, and the command runs', async () => {
  await install();
  const readme = await readFile(join(project, 'node_modules/@orderbridge/embedded-mq/README.md'), 'utf8');
  const [, source] = /```js\n([\s\S]*?)```/.exec(readme)!;
  await writeFile(join(project, 'mq.test.mjs'), source!);
  const jest = join(dirname(resolve('jest/package.json')), 'bin/jest.js');
  const { stderr } = await run(process.execPath, ['--experimental-vm-modules', jest, '--rootDir', project], {
    cwd: project,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect(stderr).toMatch(/Tests: +1 passed, 1 total/);

  const command = join(project, 'node_modules/@orderbridge/embedded-mq/dist/cli.js');
  const { stdout } = await run(process.execPath, [command, '--help']);
  expect(stdout).toMatch(/^Usage: orderbridge-mq --data DIR/);
}, 180_000);

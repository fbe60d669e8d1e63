import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const installed = 'node_modules/@orderbridge/embedded-kafka';
let project: string;

/** An empty project with this package, as it is packed, and what the test in the README needs. */
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'embedded-kafka-project-'));
  writeFileSync(join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0" }');
  mkdirSync(join(project, installed), { recursive: true });
  const packed = run('npm', ['pack', '--pack-destination', project, '--json', '--silent'], packageFolder);
  const { filename } = (JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string }[])[0]!;
  run('tar', ['xzf', filename, '--strip-components', '1', '-C', installed], project);
  const require = createRequire(import.meta.url);
  for (const name of ['jest', 'kafkajs']) {
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(project, 'node_modules', name));
  }
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

function run(command: string, options: string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  return execFileSync(command, options, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('the test in the README passes in an empty project', () => {
  const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8');
  const code = /```js\n(?<code>.*?)```/s.exec(readme)!.groups!['code']!;
  writeFileSync(join(project, 'orders.test.mjs'), code);
  const env = { NODE_OPTIONS: '--experimental-vm-modules' };
  expect(() => run(process.execPath, ['node_modules/jest/bin/jest.js'], project, env)).not.toThrow();
});

test('the command runs, and the types are there', () => {
  const manifest = JSON.parse(readFileSync(join(project, installed, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
    exports: Record<string, { types: string }>;
  };
  const command = join(installed, manifest.bin['orderbridge-kafka']!);
  expect(run(process.execPath, [command, '--help'], project)).toContain('Usage: orderbridge-kafka');
  const types = readFileSync(join(project, installed, manifest.exports['.']!.types), 'utf8');
  expect(types).toContain('startKafkaBroker');
});

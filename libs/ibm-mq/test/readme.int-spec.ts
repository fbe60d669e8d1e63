import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { transformSync, type Options } from '@swc/core';
import { jest } from '@jest/globals';
import { Harness, type RawDelivery } from './harness.js';

// Packs the library, which compiles it, and starts processes.
jest.setTimeout(180_000);

const library = join(import.meta.dirname, '..');
const readme = readFileSync(join(library, 'README.md'), 'utf8');
/** Below a `node_modules`, so that the peers are found without a network. */
const project = mkdtempSync(join(library, '../../node_modules/.cache/ibm-mq-readme-'));
const TYPESCRIPT: Options = {
  swcrc: false,
  module: { type: 'es6' },
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};
let harness: Harness;

afterEach(async () => {
  await harness.close();
  rmSync(project, { recursive: true, force: true });
});

/** Installs the package as npm would get it from a registry. */
function installPacked(): void {
  const target = join(project, 'node_modules/@orderbridge/ibm-mq');
  mkdirSync(target, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', project], { cwd: library, stdio: 'pipe' });
  const tarball = readdirSync(project).find((file) => file.endsWith('.tgz')) as string;
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', target, '--strip-components=1']);
}

/** Compiles the example of that name and runs it. */
function run(example: string): ChildProcess {
  const code = new RegExp(`\`\`\`ts ${example}\n([^]*?)\`\`\``).exec(readme)?.[1] as string;
  const file = join(project, `${example}.mjs`);
  writeFileSync(file, transformSync(code, TYPESCRIPT).code);
  return spawn(process.execPath, [file], {
    env: { ...process.env, ...harness.environment, MQ_ADDRESS: `127.0.0.1(${harness.port})` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('the examples of the README run with the packed package', async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(ORDERS.IN)
    DEFINE QLOCAL(ORDERS.OUT)
    DEFINE CHANNEL(DEV.APP.SVRCONN) CHLTYPE(SVRCONN)
  `);
  installPacked();
  const server = run('server');
  const client = run('client');
  const [exitCode] = (await once(client, 'exit')) as [number];
  expect(exitCode).toBe(0);
  const seen: string[] = [];
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    if (line.startsWith('Order')) seen.push(line);
    if (seen.length === 5) break;
  }
  // The second has a priority.
  expect(seen.toSorted()).toEqual([1, 2, 3, 4, 5].map((id) => `Order o-${id}, delivered 1 times`));
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
  const raw = await harness.raw();
  const replies: string[] = [];
  for (let reply: RawDelivery | null; (reply = await raw.get('ORDERS.OUT'));) {
    replies.push(Buffer.from(reply.data, 'base64').toString());
  }
  expect(replies.toSorted()).toEqual([1, 2, 3, 4, 5].map((id) => `{"accepted":"o-${id}"}`));
});

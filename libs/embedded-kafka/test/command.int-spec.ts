import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CompiledBroker } from '../test-support/compiled-broker.js';
import { RawClient } from '../test-support/raw-client.js';

let compiled: CompiledBroker;
let dataDir: string;
const children: ChildProcess[] = [];

beforeAll(() => {
  compiled = new CompiledBroker();
});

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'embedded-kafka-command-'));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(dataDir, { recursive: true, force: true });
});

afterAll(() => compiled.dispose());

function run(...options: string[]) {
  const child = spawn(process.execPath, [compiled.commandPath, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

async function outcome(...options: string[]) {
  const child = run(...options);
  const [code, output, errors] = await Promise.all([
    once(child, 'exit').then(([exitCode]) => exitCode as number),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, output, errors };
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [piece] = (await once(child.stdout!, 'data')) as [Buffer];
  return piece.toString();
}

const portIn = (line: string) => Number(/:(\d+),/.exec(line)![1]);

test('--help tells what there is', async () => {
  const { code, output } = await outcome('--help');
  expect(code).toBe(0);
  for (const option of ['--data', '--port', '--host', '--partitions']) expect(output).toContain(option);
});

test.each(['SIGTERM', 'SIGINT'] as const)('one line when it listens, a clean end on %s', async (signal) => {
  const child = run('--data', dataDir, '--port', '0');
  const line = await firstLine(child);
  expect(line).toMatch(/^Kafka broker listens on 127\.0\.0\.1:\d+, data in .+, 0 topics found\n$/);
  expect(line).toContain(dataDir);
  const client = await RawClient.connect(portIn(line));
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([0, null]);
  client.close();
});

test('it ends when its parent lets go of it', async () => {
  const child = fork(compiled.commandPath, ['--data', dataDir, '--port', '0'], { silent: true });
  children.push(child);
  await firstLine(child);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a port in use is one clear line and exit code 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = String((server.address() as AddressInfo).port);
  const { code, errors } = await outcome('--data', dataDir, '--port', port);
  expect(code).toBe(1);
  expect(errors).toBe(`orderbridge-kafka: Port ${port} is in use by another process.\n`);
  server.close();
});

test('a data folder in use is one clear line and exit code 1; after a kill it can be used again', async () => {
  const first = run('--data', dataDir, '--port', '0');
  await firstLine(first);
  const { code, errors } = await outcome('--data', dataDir, '--port', '0');
  expect(code).toBe(1);
  expect(errors).toBe(
    `orderbridge-kafka: The data folder ${dataDir} is in use by another broker (process ${first.pid}).\n`,
  );
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(await firstLine(run('--data', dataDir, '--port', '0'))).toContain('listens');
});

test.each([
  [['--port', '0'], /--data DIR is missing/],
  [['--data', 'x', '--port', 'high'], /--port must be a number/],
  [['--data', 'x', '--port', '70000'], /port must be an integer from 0 to 65535/],
  [['--data', 'x', '--colour'], /Unknown option '--colour'/],
  [['--data', '/dev/null/x', '--port', '0'], /ENOTDIR/],
  [['--data', 'x', '--topic-default', 'colour=red'], /Unknown topic config name: colour/],
])('%j is one clear line and exit code 1', async (options, message) => {
  const { code, errors } = await outcome(...options);
  expect(code).toBe(1);
  expect(errors).toMatch(message);
  expect(errors.trim().split('\n')).toHaveLength(1);
});

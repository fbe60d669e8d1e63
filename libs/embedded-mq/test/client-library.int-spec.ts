import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { clientLibrary, ClientLibraryError } from '../src/index.js';

let cacheDir: string;
const { CC } = process.env;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'embedded-mq-cache-'));
});
afterEach(async () => {
  if (CC === undefined) delete process.env.CC;
  else process.env.CC = CC;
  await rm(cacheDir, { recursive: true, force: true });
});

test('the library compiles without warnings', async () => {
  const compilerFlags = ['-Wall', '-Wextra', '-Werror'];
  const folder = await clientLibrary({ cacheDir, compilerFlags });
  expect(await readdir(folder)).toEqual([process.platform === 'darwin' ? 'libmqm_r.dylib' : 'libmqm_r.so']);
}, 60_000);

test('several may compile at once, and the result is used again', async () => {
  const folders = await Promise.all([1, 2, 3].map(() => clientLibrary({ cacheDir })));
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(cacheDir)).toHaveLength(1);
  process.env.CC = join(cacheDir, 'no-such-compiler');
  await expect(clientLibrary({ cacheDir })).rejects.toThrow(ClientLibraryError); // another compiler, another build
  delete process.env.CC;
  expect(await clientLibrary({ cacheDir })).toBe(folders[0]);
}, 60_000);

test('without a compiler the error says what to install', async () => {
  process.env.CC = join(cacheDir, 'no-such-compiler');
  await expect(clientLibrary({ cacheDir })).rejects.toThrow(
    /build-essential.*docker compose|Xcode.*docker compose/s,
  );
});

test('a compiler that fails is quoted', async () => {
  process.env.CC = join(cacheDir, 'broken');
  await writeFile(process.env.CC, '#!/bin/sh\necho "no space left" >&2\nexit 1\n');
  await chmod(process.env.CC, 0o755);
  await expect(clientLibrary({ cacheDir })).rejects.toThrow(/could not be compiled .*\nno space left/);
});

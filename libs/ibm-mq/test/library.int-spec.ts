import { jest } from '@jest/globals';
import { Harness } from './harness.js';
import type { Program } from './program.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
let program: Program;
beforeEach(async () => {
  harness = await Harness.start();
  program = await harness.program('library', { LD_LIBRARY_PATH: '', DYLD_LIBRARY_PATH: '' });
});
afterEach(() => harness.close());

test('importing the package loads neither ibmmq nor the library of IBM', async () => {
  expect(await program.call('loaded')).toEqual([]);
});

test.each(['send', 'listen'])('the first %s without it says what to install', async (method) => {
  await expect(program.call(method)).rejects.toMatchObject({
    name: 'IbmMqLibraryError',
    message: expect.stringMatching(
      /libmqm_r.*cannot be loaded.*postinstall\.mjs.*LD_LIBRARY_PATH/s,
    ) as string,
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { crashOrder, crashPoint as unarmed, CRASH_POINTS_FOLDER } from './crash-point.js';

const folder = mkdtempSync(join(tmpdir(), 'crash-points-'));
const path = join(folder, `${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true }));

test('dies at the point and at the hit that were asked for, once the order is gone', async () => {
  process.env[CRASH_POINTS_FOLDER] = folder;
  jest.resetModules();
  const { crashPoint } = await import('./crash-point.js');
  const deaths: boolean[] = [];
  const kill = jest.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    expect([pid, signal]).toEqual([process.pid, 'SIGKILL']);
    deaths.push(existsSync(path));
    return true;
  });
  try {
    crashPoint('relay.taken');
    writeFileSync(path, crashOrder('relay.published', 2));
    crashPoint('relay.taken');
    crashPoint('relay.published');
    expect(deaths).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe(crashOrder('relay.published', 1));
    crashPoint('relay.published');
    expect(deaths).toEqual([false]);
    crashPoint('relay.published');
    expect(deaths).toHaveLength(1);
  } finally {
    kill.mockRestore();
    delete process.env[CRASH_POINTS_FOLDER];
  }
});

test('does nothing where no folder is named', () => {
  writeFileSync(path, crashOrder('relay.taken', 1));
  unarmed('relay.taken');
  expect(existsSync(path)).toBe(true);
});

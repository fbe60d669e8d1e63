import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { transformFileSync } from '@swc/core';

const library = join(import.meta.dirname, '..');
/** Below a `node_modules`, so that the programs find their packages. */
const cache = join(library, '../../node_modules/.cache');

export interface Compiled {
  readonly folder: string;
  remove(): void;
}

/**
 * Compiles the library and the test programs: `ibmmq` can be loaded once per process and not in jest's own contexts,
 * so everything that uses it runs in child processes.
 */
export function compile(): Compiled {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'ibm-mq-'));
  for (const source of ['src', 'test/programs']) {
    for (const entry of readdirSync(join(library, source), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name);
      if (!entry.isFile() || entry.name.endsWith('spec.ts') || !entry.name.endsWith('.ts')) continue;
      const target = join(folder, relative(library, file).replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, transformFileSync(file, { sourceMaps: 'inline' }).code);
    }
  }
  cpSync(join(library, 'package.json'), join(folder, 'package.json'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

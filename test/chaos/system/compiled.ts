import { fileURLToPath } from 'node:url';

/** Path of a compiled program beside a module of `test/`, also where that module itself was not compiled. */
export const compiled = (module: string, program: string): string =>
  fileURLToPath(new URL(program, module)).replace(/(?:dist\/)?(test\/chaos\/.*)$/, 'dist/$1');

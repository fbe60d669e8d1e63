// `npm start`: compiles what has changed, then runs the whole system.
import { build } from './build.mjs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Orderbridge needs Node.js 20.19 or later; this is ${process.version}.\n`);
  process.exit(1);
}
build(() => process.stdout.write('Compiling …\n'));
await import('../../dist/apps/stack/src/main.js');

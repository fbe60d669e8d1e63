import { launch } from './launch.js';
import { readOptions, USAGE } from './options.js';
import { topology } from './topology.js';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else await launch(options, topology);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

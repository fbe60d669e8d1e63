import { followOrder } from './follow-order.js';
import { readOptions, SCENARIOS, USAGE } from './options.js';

try {
  const { url, scenario, help } = readOptions(process.argv.slice(2));
  if (help) process.stdout.write(USAGE);
  else await followOrder(url, SCENARIOS[scenario], (line) => process.stdout.write(`${line}\n`));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

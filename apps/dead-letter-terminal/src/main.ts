import { run } from './commands.js';
import { DeskClient } from './desk-client.js';
import { readOptions, USAGE } from './options.js';

try {
  const { desk, operator, command } = readOptions(process.argv.slice(2));
  if (command.name === 'help') process.stdout.write(USAGE);
  else await run(command, new DeskClient(desk, operator), (line) => process.stdout.write(`${line}\n`));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exit(1);
}

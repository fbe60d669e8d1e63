import { parseArgs } from 'node:util';
import { runSeeds, type Result } from '../pool.js';
import { MUTANTS } from './mutants.js';

const USAGE = `Usage: npm run mutants -- [options]

Runs the simulator with each of some bugs of earlier systems switched on, until it finds it. Fails when it does not.

  --seeds N    how many seeds it has for each (default 2000)
  --from S     the first one (default 1)
  --help       this text
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** The first run, of those that were looked at, that finds the mutant. */
async function find(mutant: string, from: number, seeds: number): Promise<Result | undefined> {
  let found: Result | undefined;
  await runSeeds({ from, seeds, mode: 'liveness', mutant }, (result) => {
    if (result.violation) found ??= result;
    return !found;
  });
  return found;
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  say(USAGE);
} else {
  let survivors = 0;
  for (const { name, bug } of MUTANTS) {
    const found = await find(name, Number(values.from), Number(values.seeds));
    if (!found) survivors++;
    const { invariant, detail } = found?.violation ?? {};
    say(
      found
        ? `caught    ${name} (${bug})\n          by ${invariant} at seed ${found.seed}: ${detail?.split('\n')[0]}`
        : `SURVIVES  ${name} (${bug})`,
    );
  }
  say(`\n${MUTANTS.length - survivors} of ${MUTANTS.length} mutants caught.`);
  if (survivors > 0) process.exitCode = 1;
}

import { MUTANTS } from './mutants/mutants.js';
import { readOptions, USAGE, type Options } from './options.js';
import { runSeeds, type Result } from './pool.js';
import { simulate } from './simulation.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Failures that are printed in full. */
const SHOWN = 3;

/** The one command by which a run is repeated. */
const repeat = (seed: number, { mode, mutant }: Options): string =>
  [
    'npm run simulate --',
    `--seeds 1 --from ${seed}`,
    mode === 'safety' && '--mode safety',
    mutant && `--mutant ${mutant}`,
  ]
    .filter(Boolean)
    .join(' ');

function show({ seed, violation, trace }: Result, options: Options): void {
  say(`\nSeed ${seed} violates ${violation?.invariant}: ${violation?.detail}`);
  for (const line of trace) say(`  ${line}`);
  say(`Repeat it: ${repeat(seed, options)}        (--trace for all of it)`);
}

async function run(options: Options): Promise<boolean> {
  const { seeds, from, mode, mutant } = options;
  say(
    `Simulating ${seeds} seeds, ${from} to ${from + seeds - 1}, ${mode}${mutant ? `, mutant ${mutant}` : ''} …`,
  );
  const started = performance.now();
  const statuses = new Map<string, number>();
  const faults = new Map<string, number>();
  const failed: Result[] = [];
  let steps = 0;
  await runSeeds({ seeds, from, mode, mutant }, (result) => {
    steps += result.steps;
    add(statuses, result.statuses);
    add(faults, result.faults);
    if (result.violation) {
      failed.push(result);
      if (failed.length <= SHOWN) show(result, options);
    }
    return true;
  });
  const seconds = (performance.now() - started) / 1_000;
  say(`\n${seeds} seeds, ${steps} steps in ${seconds.toFixed(1)} s; ${failed.length} violations.`);
  say(`Orders: ${list(statuses)}`);
  say(`Faults: ${list(faults)}`);
  if (failed.length > SHOWN) say(`Failed seeds: ${failed.map(({ seed }) => seed).join(' ')}`);
  return failed.length === 0;
}

function add(sum: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) sum.set(name, (sum.get(name) ?? 0) + count);
}

const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

async function runAloud({ seeds, from, mode, mutant: name }: Options): Promise<boolean> {
  let good = true;
  for (let seed = from; seed < from + seeds; seed++) {
    const mutant = MUTANTS.find((one) => one.name === name);
    const outcome = await simulate(seed, { mode, mutant });
    for (const line of outcome.trace()) say(line);
    say(
      `Seed ${seed}: ${outcome.violation ? `${outcome.violation.invariant}: ${outcome.violation.message}` : 'all is well'}`,
    );
    good &&= !outcome.violation;
  }
  return good;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) say(USAGE);
  else if (!(await (options.trace ? runAloud(options) : run(options)))) process.exitCode = 1;
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}

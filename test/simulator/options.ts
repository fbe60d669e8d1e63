import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run simulate -- [options]

Runs the real handlers, state machines, pipeline, relay and work items of all services in one process, on simulated
brokers, databases and partners, with everything that is chance decided by a seed.

  --seeds N      how many seeds to run (default 1000)
  --from S       the first one; the others follow (default: taken from the clock)
  --mode MODE    liveness (default), or safety, which ends when the faults do
  --mutant NAME  with one of the bugs of \`npm run mutants\` switched on
  --trace        print everything that happened, of each seed
  --help         this text
`;

export interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly mode: 'safety' | 'liveness';
  readonly mutant: string | undefined;
  readonly trace: boolean;
  readonly help: boolean;
}

/** @throws Error when an option is unknown or makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: `${Date.now()}` },
      mode: { type: 'string', default: 'liveness' },
      mutant: { type: 'string' },
      trace: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { mode, mutant, trace, help } = values;
  if (mode !== 'safety' && mode !== 'liveness') throw new Error('--mode is safety or liveness.');
  return { seeds: whole('seeds', values.seeds), from: whole('from', values.from), mode, mutant, trace, help };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} must be a whole number, not ${text}.`);
  return value;
}

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './plan/fault.js';

export const USAGE = `Usage: npm run chaos -- [options]

Runs the system as npm start does, places orders, lets faults strike that a seed chooses, waits for quiet and checks that
nothing was lost and nothing happened twice. Needs Linux, and root to fill disks. Exit code 1 on a violation.
Sources must not change meanwhile: systems that start afresh would be compiled from them.

  --seeds N             how many seeds (default 10)
  --from S              the first of them (default 0)
  --minutes M           begin no further seed after so many minutes (default: no limit)
  --stacks N            systems at the same time, each with seeds of its own (default 1)
  --kinds K,K           only faults of these kinds, two a seed (default: all)
  --seeds-per-stack N   seeds after which a system starts afresh, with empty databases (default 5)
  --power-cuts N        instead of other faults: kills all processes at once so many times, and judges then (one seed)
  --rate N              orders per second (default 15)
  --port-offset N       as of npm start; each further system takes 100 more (default 5000)
  --keep DIR            where the data of a system with a violation is kept (default .chaos)
  --help                this text
`;

export interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly minutes: number;
  readonly stacks: number;
  /** Undefined: all. */
  readonly kinds: ReadonlySet<FaultKind> | undefined;
  /** Rounds in place of other faults; 0 for none. */
  readonly powerCuts: number;
  readonly seedsPerStack: number;
  readonly rate: number;
  readonly portOffset: number;
  /** Absolute. */
  readonly keep: string;
  readonly help: boolean;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      from: { type: 'string', default: '0' },
      minutes: { type: 'string', default: 'Infinity' },
      stacks: { type: 'string', default: '1' },
      kinds: { type: 'string' },
      'power-cuts': { type: 'string', default: '0' },
      'seeds-per-stack': { type: 'string', default: '5' },
      rate: { type: 'string', default: '15' },
      'port-offset': { type: 'string', default: '5000' },
      keep: { type: 'string', default: '.chaos' },
      help: { type: 'boolean', default: false },
    },
  });
  values.seeds ??= values['power-cuts'] === '0' ? '10' : '1';
  const number = (name: keyof typeof values, least: number): number => {
    const value = Number(values[name]);
    if (!(value >= least) || (name !== 'minutes' && !Number.isInteger(value)))
      throw new Error(`--${name} must be a number, at least ${least}, not ${values[name]}`);
    return value;
  };
  return {
    seeds: number('seeds', 1),
    from: number('from', 0),
    minutes: number('minutes', 0),
    stacks: number('stacks', 1),
    kinds: values.kinds === undefined ? undefined : new Set(values.kinds.split(',').map(kindOf)),
    powerCuts: number('power-cuts', 0),
    seedsPerStack: number('seeds-per-stack', 1),
    rate: number('rate', 1),
    portOffset: number('port-offset', 0),
    keep: resolve(values.keep),
    help: values.help,
  };
}

function kindOf(name: string): FaultKind {
  const kind = FAULT_KINDS.find((one) => one === name.trim());
  if (!kind) throw new Error(`--kinds: there is no ${name}; known are ${FAULT_KINDS.join(', ')}`);
  return kind;
}

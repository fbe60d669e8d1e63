import { parseArgs } from 'node:util';

/** What can be measured, in this order. */
const PARTS = ['backbone', 'mixed', 'hot-product', 'recovery'] as const;
export type PartName = (typeof PARTS)[number];

export const USAGE = `Usage: npm run bench [-- options]

Starts the system with npm start, loads it, and prints what it measured beside the floor: the same SQL against the same
PostgreSQL without services. Needs pgbench (Debian: postgresql-contrib) and Linux.

  --seconds N        of each measurement (default 20)
  --warm-up N        seconds before the first one (default 20)
  --in-flight N      orders under way in the closed loop (default 256)
  --rate N           orders per second in the open loop (default 50)
  --only PART        backbone, mixed, hot-product or recovery; may be given several times (default all)
  --port-offset N    as of npm start (default 3000)
  --help             this text
`;

export interface Options {
  readonly seconds: number;
  readonly warmUp: number;
  readonly inFlight: number;
  readonly rate: number;
  readonly portOffset: number;
  readonly parts: readonly PartName[];
  readonly help: boolean;
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '20' },
      'warm-up': { type: 'string', default: '20' },
      'in-flight': { type: 'string', default: '256' },
      rate: { type: 'string', default: '50' },
      only: { type: 'string', multiple: true, default: [...PARTS] },
      'port-offset': { type: 'string', default: '3000' },
      help: { type: 'boolean', default: false },
    },
  });
  const isPart = (name: string): name is PartName => PARTS.some((part) => part === name);
  const unknown = values.only.find((name) => !isPart(name));
  if (unknown !== undefined) throw new Error(`--only must be one of ${PARTS.join(', ')}, not ${unknown}`);
  const number = (name: 'seconds' | 'warm-up' | 'in-flight' | 'rate' | 'port-offset'): number => {
    const value = Number(values[name]);
    if (!Number.isFinite(value) || value < 0)
      throw new Error(`--${name} must be a number, not ${values[name]}`);
    return value;
  };
  return {
    seconds: number('seconds'),
    warmUp: number('warm-up'),
    inFlight: number('in-flight'),
    rate: number('rate'),
    portOffset: number('port-offset'),
    parts: PARTS.filter((part) => values.only.includes(part)),
    help: values.help,
  };
}

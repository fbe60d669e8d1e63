import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench [-- options]

Starts the system with npm start, loads it, and prints what it measured beside the floor: the same SQL against the same
PostgreSQL without services. Needs pgbench (Debian: postgresql-contrib) and Linux.

  --seconds N        of each measurement (default 20)
  --warm-up N        seconds before the first one (default 20)
  --in-flight N      orders under way in the closed loop (default 256)
  --rate N           orders per second in the open loop (default 50)
  --port-offset N    as of npm start (default 3000)
  --help             this text
`;

export interface Options {
  readonly seconds: number;
  readonly warmUp: number;
  readonly inFlight: number;
  readonly rate: number;
  readonly portOffset: number;
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
      'port-offset': { type: 'string', default: '3000' },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name: keyof typeof values): number => {
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
    help: values.help,
  };
}

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm start [-- options]

Runs the whole system on this machine, with brokers and database of its own. Ctrl-C stops it.

  --data DIR         where all state is kept (default .orderbridge)
  --port-offset N    added to every port, so that several can run at once (default 0)
  --without NAME     leave a service out, to run it yourself with DIR/env/NAME.env; may be given several times
  --help             this text
`;

export interface Options {
  /** Absolute. */
  readonly data: string;
  readonly portOffset: number;
  /** Names of services that are left out. */
  readonly without: readonly string[];
  readonly help: boolean;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string', default: '.orderbridge' },
      'port-offset': { type: 'string', default: '0' },
      without: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  const portOffset = Number(values['port-offset']);
  // The highest port is Kafka's 59092.
  if (!Number.isInteger(portOffset) || portOffset < 0 || portOffset > 6_000) {
    throw new Error(`--port-offset must be a whole number from 0 to 6000, not ${values['port-offset']}`);
  }
  return { data: resolve(values.data), portOffset, without: values.without, help: values.help };
}

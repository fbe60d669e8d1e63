import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench:mq [-- options]

Measures the queue manager of libs/embedded-mq and the transport of libs/ibm-mq, each in processes of its own, beside
the floor: how often this machine can force 4 KB to its disk. Needs Linux and a C compiler. Takes about three minutes.

  --messages N       through the queue for the memory figures, and on the queue for those of the backlog (default
                     100000, to keep the run short; 1000000 takes several times as long and about 2 GB of disk space)
  --size N           bytes of a message's body (default 1024)
  --connections N    of the queue manager at once, each in a process of its own (default 8)
  --seconds N        of each measurement of throughput (default 3)
  --steady N         seconds of each steady load (default 10)
  --help             this text
`;

export interface Options {
  readonly messages: number;
  /** Bytes of a message's body. */
  readonly size: number;
  readonly connections: number;
  readonly seconds: number;
  /** Seconds of each steady load. */
  readonly steady: number;
  readonly help: boolean;
}

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '100000' },
      size: { type: 'string', default: '1024' },
      connections: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '3' },
      steady: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name: keyof typeof values, least: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number from ${least} on, not ${values[name]}`);
    return value;
  };
  return {
    messages: number('messages', 1_000),
    size: number('size', 100),
    connections: number('connections', 1),
    seconds: number('seconds', 1),
    steady: number('steady', 1),
    help: values.help,
  };
}

import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench:kafka [-- options]

Measures the broker of libs/embedded-kafka beside Apache Kafka, in one run and in turns: producing and consuming messages
with kafkajs, acks of all replicas. The stand-in forces data to disk before it acknowledges; Apache Kafka does not unless
it is told to, so it is measured both ways. Needs Linux, java and mvn (Debian: default-jre-headless, maven).

  --seconds N        of each measurement of producing (default 5)
  --rounds N         in which each broker is measured once (default 2)
  --size N           bytes of a message's value (default 1024)
  --in-flight N      requests under way at the same time (default 8)
  --help             this text
`;

export interface Options {
  readonly seconds: number;
  readonly rounds: number;
  /** Bytes of a message's value. */
  readonly size: number;
  readonly inFlight: number;
  readonly help: boolean;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '2' },
      size: { type: 'string', default: '1024' },
      'in-flight': { type: 'string', default: '8' },
      help: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'seconds' | 'rounds' | 'size' | 'in-flight', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number from ${least} on, not ${values[name]}`);
    return value;
  };
  return {
    seconds: number('seconds', 1),
    rounds: number('rounds', 1),
    size: number('size', 8),
    inFlight: number('in-flight', 1),
    help: values.help,
  };
}

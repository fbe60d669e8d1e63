import { parseArgs } from 'node:util';

/** The services that reconcile, with their ports under `npm start`. Order's answers repair what the others find. */
const PORTS = { order: 8081, inventory: 8083, payment: 8087, shipping: 8084 } as const;
export type ServiceName = keyof typeof PORTS;
export const SERVICES = Object.keys(PORTS) as ServiceName[];

export const USAGE = `Usage: npm run reconcile -- [options]

Lets the services compare what they have stored with the orders and with the partners' own lists, and repair what is
safe: after a restore, before the first new order. Waits until nothing changes any more and prints what was done.
What only a person can decide becomes a dead letter (npm run dead-letters).

  --service NAME         only this one (may be given several times; default ${SERVICES.join(', ')})
  --all                  everything, not only what is newer than 90 days
  --url NAME=URL         where a service is (default http://127.0.0.1 and the ports of npm start)
  --port-offset N        added to the default ports, as for npm start
  --settle-seconds N     how long nothing may change before it counts as done (default 5)
  --timeout-seconds N    give up waiting after this time; the runs go on (default: waits for as long as it takes)
  --help                 this text

Exit code: 0 when all is well, 1 when a person has to decide about something, or something went wrong.
`;

const OPTIONS = {
  service: { type: 'string', multiple: true },
  all: { type: 'boolean', default: false },
  url: { type: 'string', multiple: true },
  'port-offset': { type: 'string', default: '0' },
  'settle-seconds': { type: 'string', default: '5' },
  'timeout-seconds': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

export interface Options {
  readonly help: boolean;
  readonly all: boolean;
  readonly services: readonly { readonly name: ServiceName; readonly url: string }[];
  readonly settleMs: number;
  /** Infinity for as long as it takes. */
  readonly timeoutMs: number;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const offset = numberOf('--port-offset', values['port-offset']);
  const urls = new Map(values.url?.map(urlOf));
  const names = values.service?.map(serviceOf) ?? SERVICES;
  return {
    help: values.help,
    all: values.all,
    services: [...new Set(names)].map((name) => ({
      name,
      url: urls.get(name) ?? `http://127.0.0.1:${PORTS[name] + offset}`,
    })),
    settleMs: numberOf('--settle-seconds', values['settle-seconds']) * 1_000,
    timeoutMs: numberOf('--timeout-seconds', values['timeout-seconds'] ?? 'Infinity') * 1_000,
  };
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value) || value < 0)
    throw new Error(`${option} must be a number from 0, not ${text}`);
  return value;
}

function serviceOf(text: string): ServiceName {
  const name = SERVICES.find((known) => known === text);
  if (!name) throw new Error(`${text} does not reconcile. Known: ${SERVICES.join(', ')}.`);
  return name;
}

function urlOf(text: string): [ServiceName, string] {
  const [, name, url] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (name === undefined || url === undefined) throw new Error(`--url must be NAME=http://…, not ${text}`);
  return [serviceOf(name), url.replace(/\/$/, '')];
}

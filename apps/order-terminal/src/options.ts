import { parseArgs } from 'node:util';

/** What an order can be made to do, with the test values of gateway and carrier. */
export const SCENARIOS = {
  shipped: {},
  'out-of-stock': { items: { 'dddddddd-dddd-dddd-dddd-dddddddddddd': 1 } },
  declined: { paymentToken: 'tok_decline' },
  undeliverable: {
    shipTo: {
      name: 'Ada Example',
      street: '1 Market Street',
      postalCode: '00000',
      city: 'Nowhere',
      country: 'DE',
    },
  },
  'slow-gateway': { paymentToken: 'tok_timeout' },
  'slow-carrier': {
    shipTo: {
      name: 'Ada Example',
      street: '1 Market Street',
      postalCode: '99408',
      city: 'Berlin',
      country: 'DE',
    },
  },
} as const;
export type Scenario = keyof typeof SCENARIOS;

export const USAGE = `Usage: npm run order [-- options]

Places an order and follows it until it has shipped or failed.

  --scenario NAME    ${Object.keys(SCENARIOS).join(', ')} (default shipped)
  --url URL          of the order service (default http://localhost:8081)
  --port-offset N    as given to npm start
  --help             this text
`;

export interface Options {
  /** Of the order service. */
  readonly url: string;
  readonly scenario: Scenario;
  readonly help: boolean;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: 'shipped' },
      url: { type: 'string' },
      'port-offset': { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  });
  const offset = Number(values['port-offset']);
  if (!Number.isInteger(offset))
    throw new Error(`--port-offset must be a whole number, not ${values['port-offset']}`);
  if (!(values.scenario in SCENARIOS)) {
    throw new Error(`Unknown scenario ${values.scenario}. Known: ${Object.keys(SCENARIOS).join(', ')}.`);
  }
  return {
    url: (values.url ?? `http://localhost:${8081 + offset}`).replace(/\/$/, ''),
    scenario: values.scenario as Scenario,
    help: values.help,
  };
}

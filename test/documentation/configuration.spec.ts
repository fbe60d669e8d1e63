import { readFileSync, writeFileSync } from 'node:fs';
import { serviceEnvironment, type Environment } from '@orderbridge/service';
import type { z } from 'zod';
import { SERVICES } from './services.js';

const FILE = 'docs/configuration.md';

const row = (name: string, schema: z.ZodType): string => {
  const absent = schema.safeParse(undefined);
  const value = absent.success ? JSON.stringify(absent.data ?? '').replaceAll('"', '') : '**required**';
  return `| \`${name}\` | ${schema.description ?? ''} | ${absent.success && value !== '' ? `\`${value}\`` : value} |`;
};

const table = (environment: Environment): string[] => [
  '| variable | meaning | default |',
  '| --- | --- | --- |',
  ...Object.entries(environment).map(([name, schema]) => row(name, schema as z.ZodType)),
  '',
];

const rendered = [
  '# Configuration',
  '',
  'Every process reads its configuration from environment variables. A missing or wrong value stops the start with one line that names it. `npm start` sets all of them; see [`topology.ts`](../apps/stack/src/topology.ts).',
  '',
  '## Every process',
  '',
  ...table(serviceEnvironment),
  ...Object.entries(SERVICES).flatMap(([name, environment]) => [`## ${name}`, '', ...table(environment)]),
  "## Read by Node.js and by IBM's client",
  '',
  '| variable | meaning |',
  '| --- | --- |',
  '| `NODE_OPTIONS` | options of Node.js; the images bound the heap with it |',
  "| `MQ_OVERRIDE_DATA_PATH` | folder for the logs of IBM's client, which has to exist; without it `$HOME/IBM/MQ/data` |",
].join('\n');

/** Compared without the padding of prettier's tables. */
const normalized = (text: string): string =>
  text
    .replaceAll(/ *\| */g, '|')
    .replaceAll(/-{3,}/g, '---')
    .trim();

test(`${FILE} says what the code takes; UPDATE_DOCS=1 npm test -- documentation writes it`, () => {
  if (process.env['UPDATE_DOCS']) writeFileSync(FILE, `${rendered}\n`);
  expect(normalized(readFileSync(FILE, 'utf8'))).toBe(normalized(rendered));
});

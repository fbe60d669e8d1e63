import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const source = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');
const readme = source('../README.md');

/** The names of the properties that an interface declares. */
function properties(file: string, name: string): string[] {
  const [, body = ''] = new RegExp(`export interface ${name}[^{]*{\n([^]*?)\n}`).exec(source(file)) ?? [];
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, property]) => property as string);
}

test.each([
  ['connection/connection-options.ts', 'IbmMqConnectionOptions'],
  ['connection/connection-options.ts', 'IbmMqTlsOptions'],
  ['connection/connection-options.ts', 'IbmMqCredentials'],
  ['connection/connection-options.ts', 'IbmMqReconnectOptions'],
  ['connection/input-queue.ts', 'InputOptions'],
  ['server/ibm-mq-server.ts', 'IbmMqServerOptions'],
  ['server/ibm-mq-server.ts', 'QueueOptions'],
  ['client/ibm-mq-client.ts', 'IbmMqClientOptions'],
  ['message/outgoing-message.ts', 'OutgoingMessage'],
])('the README names every option of %s %s', (file, name) => {
  const names = properties(file, name);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((option) => !readme.includes(`\`${option}\``))).toEqual([]);
});

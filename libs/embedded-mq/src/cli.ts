#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Users } from './listener.js';
import type { MqscResult, Remark } from './mqsc-commands.js';
import { startQueueManager } from './start.js';

const USAGE = `Usage: orderbridge-mq --data DIR [options]

A stand-in for an IBM MQ queue manager, for programs that use the npm package ibmmq.

  --data DIR     where messages are kept (created if need be)
  --mqsc FILE    commands that define queues and channels
  --name QM      the queue manager's name (default QM1)
  --port N       default 1414; 0 for any free port
  --host H       address to listen on (default 127.0.0.1: this machine only)
  --users FILE   JSON object of user names and passwords that clients are checked against
  --cache DIR    where the compiled client library is kept (default DIR/client of --data)
  --no-client    do not compile the client library
  --help         this text

SIGTERM and SIGINT stop it; SIGUSR2 prints how often data was forced to disk.
`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(message: string): never {
  process.stderr.write(`orderbridge-mq: ${message}\n`);
  process.exit(1);
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      mqsc: { type: 'string' },
      name: { type: 'string', default: 'QM1' },
      port: { type: 'string', default: '1414' },
      host: { type: 'string', default: '127.0.0.1' },
      users: { type: 'string' },
      cache: { type: 'string' },
      'no-client': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return values;
}

function describe(kind: string, file: string | undefined, remarks: readonly Remark[]): void {
  for (const { line, text } of remarks) print(`${file ?? 'mqsc'}:${line}: ${kind}: ${text}`);
}

function summary(commands: MqscResult): string {
  const parts = [`${commands.applied} MQSC commands`];
  if (commands.notEnforced.length > 0)
    parts.push(`${commands.notEnforced.length} settings not enforced here`);
  if (commands.problems.length > 0) parts.push(`${commands.problems.length} not understood`);
  return parts.join(', ');
}

/** The message of an error that a person running this command can act on. */
function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `the port is in use (${message})`;
  if (code === 'EACCES') return `not allowed: ${message}`;
  return message;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (options.data === undefined) fail('--data DIR is missing; see --help');
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) fail(`--port ${options.port} is not a port`);
  const manager = await startQueueManager({
    dataDir: options.data,
    name: options.name,
    host: options.host,
    port,
    withClientLibrary: !options['no-client'],
    cacheDir: options.cache ?? join(options.data, 'client'),
    ...(options.mqsc === undefined ? {} : { mqsc: readFileSync(options.mqsc, 'utf8') }),
    ...(options.users === undefined
      ? {}
      : { users: JSON.parse(readFileSync(options.users, 'utf8')) as Users }),
  });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    manager.close().then(
      () => process.exit(0),
      (error: unknown) => fail(explain(error)),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('disconnect', stop);
  process.on('SIGUSR2', () => print(JSON.stringify({ syncs: manager.syncs })));
  describe('not enforced here', options.mqsc, manager.commands.notEnforced);
  describe('not understood', options.mqsc, manager.commands.problems);
  print(
    `Queue manager ${manager.name} listens on ${manager.host}(${manager.port}), data in ${options.data}, ` +
      `${manager.queueCount} local queues (${summary(manager.commands)})` +
      (options.users === undefined ? ', passwords are not checked' : ''),
  );
  process.send?.({ ready: true, port: manager.port, env: manager.env });
}

main().catch((error: unknown) => fail(explain(error)));

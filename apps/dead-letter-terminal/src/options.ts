import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run dead-letters -- COMMAND [options]

Looks after the dead letters of both brokers, through the dead-letter desk.

  list                       open letters, newest first
      --state STATE          OPEN (default), REDRIVING, REDRIVEN, GIVEN_UP, DISCARDING, DISCARDED, GONE, or ALL
      --limit N              most letters to show (default 20)
  show ID                    a letter with its message, and what was done with it
  redrive ID ...             send letters to their consumers again; twice is once
      --payload FILE         send this JSON in place of the body (one letter only; - for standard input)
      --header NAME=VALUE    send this header in place of its own; NAME= takes it out (one letter only)
  redrive --all              send every open letter again that the filter leaves
  give-up ID ... --reason TEXT
                             give parked calls of partners up: what they have done is undone (charge.requested,
                             booking.requested, refund.requested, void.requested)
  give-up --all --reason TEXT
                             give every open parked call up that the filter leaves
  discard ID --reason TEXT   set a letter aside for ever

Filter, for list, redrive --all and give-up --all:
  --source NAME  --type TYPE  --order ID  --from TIME  --to TIME
  --reason TEXT              part of why it is a dead letter (not for give-up, where it is why you give up)

Everywhere:
  --desk URL                 of the desk (default http://127.0.0.1:8088)
  --operator NAME            who you are, for the audit trail (default: your user name here)
  --help                     this text
`;

const OPTIONS = {
  desk: { type: 'string', default: 'http://127.0.0.1:8088' },
  operator: { type: 'string' },
  state: { type: 'string', default: 'OPEN' },
  limit: { type: 'string', default: '20' },
  payload: { type: 'string' },
  header: { type: 'string', multiple: true },
  all: { type: 'boolean', default: false },
  source: { type: 'string' },
  type: { type: 'string' },
  reason: { type: 'string' },
  order: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

export interface Edit {
  readonly payload?: unknown;
  readonly headers?: Readonly<Record<string, string | null>>;
}

export type Filter = Readonly<Record<string, string>>;

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'list'; readonly filter: Filter; readonly limit: number }
  | { readonly name: 'show'; readonly id: string }
  | { readonly name: 'redrive'; readonly ids: readonly string[]; readonly edit?: Edit }
  | { readonly name: 'redrive-all'; readonly filter: Filter }
  | { readonly name: 'give-up'; readonly ids: readonly string[]; readonly reason: string }
  | { readonly name: 'give-up-all'; readonly filter: Filter; readonly reason: string }
  | { readonly name: 'discard'; readonly id: string; readonly reason: string };

export interface Options {
  readonly desk: string;
  readonly operator: string;
  readonly command: Command;
}

/** @throws Error with a line for the user. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [name, ...ids] = positionals;
  const { desk, operator = userInfo().username } = values;
  const options = (command: Command): Options => ({ desk: desk.replace(/\/$/, ''), operator, command });
  if (values.help || name === undefined) return options({ name: 'help' });
  const filter = filterOf(values);
  switch (name) {
    case 'list': {
      const limit = Number(values.limit);
      if (!Number.isInteger(limit) || limit < 1)
        throw new Error(`--limit must be a whole number from 1, not ${values.limit}`);
      const state = values.state.toUpperCase();
      return options({ name, limit, filter: state === 'ALL' ? filter : { ...filter, state } });
    }
    case 'show':
      return options({ name, id: onlyOne(ids) });
    case 'redrive': {
      const edit = editOf(values);
      if (values.all && (ids.length > 0 || edit))
        throw new Error('redrive --all takes a filter, and neither ids nor changes.');
      if (values.all) return options({ name: 'redrive-all', filter });
      if (edit) return options({ name, ids: [onlyOne(ids)], edit });
      if (ids.length === 0) throw new Error('Which letters? Give their ids, or --all.');
      return options({ name, ids });
    }
    case 'give-up': {
      const reason = reasonOf(values);
      if (values.all && ids.length > 0) throw new Error('give-up --all takes a filter, and no ids.');
      const { reason: _, ...others } = filter;
      if (values.all) return options({ name: 'give-up-all', filter: others, reason });
      if (ids.length === 0) throw new Error('Which parked calls? Give their ids, or --all.');
      return options({ name, ids, reason });
    }
    case 'discard':
      return options({ name, id: onlyOne(ids), reason: reasonOf(values) });
    default:
      throw new Error(`Unknown command ${name}. Known: list, show, redrive, give-up, discard; see --help.`);
  }
}

function filterOf(values: Readonly<Record<string, unknown>>): Filter {
  const named = { ...values, orderId: values['order'] } as Readonly<Record<string, unknown>>;
  const names = ['source', 'type', 'reason', 'orderId', 'from', 'to'];
  const given = names.flatMap((name) => (typeof named[name] === 'string' ? [[name, named[name]]] : []));
  return Object.fromEntries(given) as Filter;
}

function editOf({
  payload,
  header,
}: {
  payload?: string | undefined;
  header?: string[] | undefined;
}): Edit | undefined {
  if (payload === undefined && header === undefined) return undefined;
  const headers = header?.map((text): [string, string | null] => {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
    if (name === undefined) throw new Error(`--header must be NAME=VALUE, not ${text}`);
    return [name, value === '' || value === undefined ? null : value];
  });
  return {
    ...(payload !== undefined && { payload: jsonFrom(payload) }),
    ...(headers && { headers: Object.fromEntries(headers) }),
  };
}

function jsonFrom(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8')) as unknown;
  } catch (error) {
    throw new Error(`--payload ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function reasonOf({ reason }: { reason?: string | undefined }): string {
  if (!reason) throw new Error('Why? Say it with --reason TEXT.');
  return reason;
}

function onlyOne(ids: readonly string[]): string {
  const [id, ...others] = ids;
  if (id === undefined || others.length > 0) throw new Error('Give the id of one letter.');
  return id;
}

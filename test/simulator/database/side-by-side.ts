import type { DataSource, EntityManager } from 'typeorm';
import type { Process } from '../schedule/scheduler.js';
import { Database, Session } from './database.js';

/** A method of a repository and its arguments, without the entity manager. */
export interface Call {
  readonly repository: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Calls in one transaction, or one that commits by itself. */
export type Command = { readonly calls: readonly Call[]; readonly commit: boolean } | Call;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;
/** Repositories by name. */
export type Repositories = Readonly<Record<string, object>>;

/** What is different on both sides and decides nothing. */
const LEFT_OUT = new Set([
  'createdAt',
  'updatedAt',
  'recordedAt',
  'issuedAt',
  'dueAt',
  'number',
  'now',
  'askedAt',
  'inDoubtForMs',
]);

/** A session of a process that meets no faults and does not wait for a scheduler. */
export function quietSession(): Session {
  const process = { alive: true, step: () => Promise.resolve() } as unknown as Process;
  const scheduler = {
    get now() {
      return Date.now();
    },
  };
  const faults = { happens: () => false, toss: () => false };
  return new Session(process, new Database('test'), scheduler, faults);
}

/** Runs the same commands on PostgreSQL and on fakes; what both answer can then be compared. */
export class SideBySide {
  constructor(
    private readonly dataSource: DataSource,
    private readonly real: Repositories,
    private readonly session: Session,
    private readonly fake: Repositories,
  ) {}

  async run(command: Command): Promise<{ real: unknown; fake: unknown }> {
    return {
      real: await answer(command, this.real, (work) => this.dataSource.transaction(work)),
      fake: await answer(command, this.fake, (work) => this.session.transaction(work)),
    };
  }
}

class RolledBack extends Error {}

/** What the caller sees: results, or the SQLSTATE of the error that ended it. */
async function answer(
  command: Command,
  repositories: Repositories,
  transaction: (work: (manager: EntityManager) => Promise<void>) => Promise<void>,
): Promise<unknown> {
  const call = ({ repository, method, args }: Call, ...manager: EntityManager[]): Promise<unknown> => {
    const methods = repositories[repository] as Methods;
    return (methods[method] as Methods[string]).call(methods, ...manager, ...args);
  };
  const results: unknown[] = [];
  try {
    if ('method' in command) results.push(plain(await call(command)));
    else {
      await transaction(async (manager) => {
        for (const one of command.calls) results.push(plain(await call(one, manager)));
        if (!command.commit) throw new RolledBack();
      });
    }
  } catch (error) {
    if (!(error instanceof RolledBack)) {
      const { code } = error as { code?: string };
      // Both sides could have the same bug of a test; only PostgreSQL's own refusals are answers.
      if (code === undefined) throw error;
      results.push({ code });
    }
  }
  return results;
}

/** Without what decides nothing: order where SQL promises none, moments, and the way absence is written. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return 'a moment';
  if (value instanceof Set) return [...(value as Set<string>)].toSorted();
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) {
    return value.map(plain).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  // Numbers of transactions that were rolled back are left out; which these are decides nothing.
  if (typeof value === 'string' && /^INV-\d/.test(value)) return 'an invoice number';
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(
    ([name, field]) => !LEFT_OUT.has(name) && field !== undefined && field !== null,
  );
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, plain(field)]),
  );
}

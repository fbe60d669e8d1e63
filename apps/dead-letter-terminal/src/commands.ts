import type { DeskClient } from './desk-client.js';
import type { Command } from './options.js';

interface Summary {
  readonly id: string;
  readonly state: string;
  readonly source: string;
  readonly type?: string;
  readonly orderId?: string;
  readonly error: string;
  readonly reason: string;
  readonly raisedAt: string;
}

interface Letter extends Summary {
  readonly origin: string;
  readonly position: string;
  readonly consumer?: string;
  readonly attempts: number;
  readonly operator?: string;
  readonly discardReason?: string;
  readonly giveUpReason?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly payload?: unknown;
  readonly raw: string;
  readonly edit?: unknown;
  readonly audit: readonly { at: string; action: string; operator: string; detail?: unknown }[];
}

interface Results {
  readonly results: readonly { id: string; outcome: string; detail?: string }[];
  readonly remaining?: number;
  readonly nextCursor?: string;
}

type Say = (line: string) => void;
/** Most letters that the desk shows at once. */
const PAGE = 100;

/** Does what the user asks. @throws Error with a line for the user. */
export async function run(
  command: Exclude<Command, { name: 'help' }>,
  desk: DeskClient,
  say: Say,
): Promise<void> {
  switch (command.name) {
    case 'list':
      return list(command, desk, say);
    case 'show':
      return show(await desk.get<Letter>(`/dead-letters/${command.id}`), say);
    case 'discard': {
      const { id, reason } = command;
      const letter = await desk.post<Letter>(`/dead-letters/${id}/discard`, { reason });
      say(`${id} is discarded: ${letter.discardReason}`);
      return;
    }
    case 'redrive': {
      const { ids, edit } = command;
      if (!edit) return tell(await desk.post<Results>('/dead-letters/redrive', { ids }), say);
      const [id = ''] = ids;
      const { state } = await desk.post<Letter>(`/dead-letters/${id}/redrive`, edit);
      say(`${id} is ${state}`);
      return;
    }
    case 'redrive-all':
      return all('/dead-letters/redrive', { filter: command.filter }, desk, say);
    case 'give-up': {
      const { ids, reason } = command;
      return tell(await desk.post<Results>('/dead-letters/give-up', { ids, reason }), say);
    }
    case 'give-up-all': {
      const { filter, reason } = command;
      return all('/dead-letters/give-up', { filter, reason }, desk, say);
    }
  }
}

/** Asks page by page, until the filter leaves no more; what was refused stays open. */
async function all(path: string, body: object, desk: DeskClient, say: Say): Promise<void> {
  let answer: Results | undefined;
  do {
    const cursor = answer?.nextCursor;
    answer = await desk.post<Results>(path, { ...body, ...(cursor !== undefined && { cursor }) });
    tell(answer, say);
  } while (answer.nextCursor !== undefined);
  say(`${answer.remaining ?? 0} open letters are left.`);
}

async function list(
  { filter, limit }: Extract<Command, { name: 'list' }>,
  desk: DeskClient,
  say: Say,
): Promise<void> {
  let shown = 0;
  let cursor: string | undefined;
  do {
    const page = await desk.get<{ letters: Summary[]; nextCursor?: string }>('/dead-letters', {
      ...filter,
      limit: `${Math.min(PAGE, limit - shown)}`,
      ...(cursor !== undefined && { cursor }),
    });
    for (const letter of page.letters) say(lineOf(letter));
    shown += page.letters.length;
    cursor = page.nextCursor;
  } while (cursor !== undefined && shown < limit);
  if (shown === 0) say('No such dead letters.');
  else if (cursor !== undefined) say('There are more; see --limit.');
}

function lineOf({ id, state, source, type = '?', orderId, error, reason, raisedAt }: Summary): string {
  const order = orderId === undefined ? '' : `  order ${orderId}`;
  return `${id}  ${raisedAt}  ${state}  ${source}  ${type}${order}\n    ${error}: ${reason.split('\n')[0]}`;
}

function show(letter: Letter, say: Say): void {
  const { headers, payload, raw, edit, audit, ...facts } = letter;
  for (const [name, value] of Object.entries(facts)) say(`${name.padEnd(14)} ${String(value)}`);
  say('\nheaders');
  for (const [name, value] of Object.entries(headers))
    say(`  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  say(payload === undefined ? `\nbody (base64)\n${raw}` : `\nbody\n${JSON.stringify(payload, undefined, 2)}`);
  if (edit !== undefined) say(`\nsent with\n${JSON.stringify(edit, undefined, 2)}`);
  if (audit.length > 0) say('\nwhat was done');
  for (const { at, action, operator, detail } of audit)
    say(`  ${at}  ${action} by ${operator}${detail === undefined ? '' : `  ${JSON.stringify(detail)}`}`);
}

function tell({ results }: Results, say: Say): void {
  for (const { id, outcome, detail } of results) say(`${id}  ${outcome}${detail ? `: ${detail}` : ''}`);
}

import type { HeaderValue } from '@orderbridge/messaging';
import { z } from 'zod';
import { jsonOf } from '../domain/dead-letter-message.js';
import { isDeeperThan } from '../domain/json-depth.js';
import { LETTER_STATES } from '../domain/letter.js';
import type { AuditEntryEntity } from '../storage/audit-entry.entity.js';
import type { LetterEntity } from '../storage/letter.entity.js';
import type { LetterSummary } from '../storage/letter.repository.js';

/** Levels of a body; `JSON.stringify` and many readers fail at some thousands. */
const DEEPEST_SHOWN = 200;

const summary = {
  id: z.string(),
  state: z.enum(LETTER_STATES),
  broker: z.enum(['kafka', 'ibm-mq']),
  source: z.string().describe('Dead-letter topic or backout queue'),
  origin: z.string().describe('Topic or queue it came from and goes back to'),
  position: z.string().describe('Where it lay there: partition@offset, or message id'),
  type: z.string().optional(),
  eventId: z.string().optional(),
  orderId: z.string().optional(),
  error: z.string(),
  reason: z.string(),
  consumer: z.string().optional().describe('The service that could not handle it'),
  attempts: z.number().describe('How often it was tried'),
  firstTriedAt: z.string().optional(),
  raisedAt: z.string().describe('When it was tried last'),
  changedAt: z.string(),
  operator: z.string().optional().describe('Who asked for what was done with it'),
  discardReason: z.string().optional(),
  giveUpReason: z.string().optional(),
};

export const letterSummary = z.object(summary).meta({ id: 'DeadLetterSummary' });
export type LetterSummaryView = z.infer<typeof letterSummary>;

const part = z.union([z.string(), z.object({ base64: z.string() })]);

export const auditEntry = z
  .object({
    number: z.string(),
    letterId: z.string(),
    action: z.string(),
    operator: z.string().describe('As the request said; desk for what the desk saw or finished by itself'),
    at: z.string(),
    detail: z.unknown().optional(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntryView = z.infer<typeof auditEntry>;

export const letterView = z
  .object({
    ...summary,
    headers: z
      .record(z.string(), z.union([part, z.array(part)]))
      .describe('Bytes that are no text as base64'),
    key: z.string(),
    payload: z.unknown().optional().describe('The body, where it is JSON of at most 200 levels'),
    raw: z.string().describe('The body to the byte, as base64'),
    edit: z.unknown().optional().describe('What was changed when it was sent again'),
    audit: z.array(auditEntry).describe('Newest first'),
  })
  .meta({ id: 'DeadLetter' });
export type LetterView = z.infer<typeof letterView>;

export const letterPage = z
  .object({
    letters: z.array(letterSummary),
    nextCursor: z.string().optional().describe('Give it as cursor to get the next page; absent on the last'),
  })
  .meta({ id: 'DeadLetterPage' });
export type LetterPage = z.infer<typeof letterPage>;

export const summaryOf = (letter: LetterSummary): LetterSummaryView => ({
  id: letter.id,
  state: letter.state,
  broker: letter.broker,
  source: letter.source,
  origin: letter.origin,
  position: letter.position,
  ...(letter.type !== null && { type: letter.type }),
  ...(letter.eventId !== null && { eventId: letter.eventId }),
  ...(letter.orderId !== null && { orderId: letter.orderId }),
  error: letter.error,
  reason: letter.reason,
  ...(letter.consumer !== null && { consumer: letter.consumer }),
  attempts: letter.attempts,
  ...(letter.firstTriedAt && { firstTriedAt: letter.firstTriedAt.toISOString() }),
  raisedAt: letter.raisedAt.toISOString(),
  changedAt: letter.changedAt.toISOString(),
  ...(letter.operator !== null && { operator: letter.operator }),
  ...(letter.discardReason !== null && {
    [letter.state === 'GIVEN_UP' ? 'giveUpReason' : 'discardReason']: letter.discardReason,
  }),
});

export function viewOf(letter: LetterEntity, audit: readonly AuditEntryEntity[]): LetterView {
  const { envelope, key, body, edit } = letter;
  const payload = shownJson(body);
  return {
    ...summaryOf(letter),
    headers: Object.fromEntries(
      Object.entries(envelope.headers).map(([name, value]) => [name, shown(value)]),
    ),
    key,
    ...(payload !== undefined && { payload }),
    raw: body.toString('base64'),
    ...(edit !== null && { edit }),
    audit: audit.map(auditView),
  };
}

/** The body as JSON; undefined when it is none, or too deep to be shown as such. */
function shownJson(body: Buffer): unknown {
  const json = jsonOf(body);
  return isDeeperThan(DEEPEST_SHOWN, json) ? undefined : json;
}

export const auditView = ({
  number,
  letterId,
  action,
  operator,
  at,
  detail,
}: AuditEntryEntity): AuditEntryView => ({
  number,
  letterId,
  action,
  operator,
  at: at.toISOString(),
  ...(detail !== null && { detail }),
});

type Part = z.infer<typeof part>;

const shown = (value: HeaderValue): Part | Part[] =>
  Array.isArray(value) ? value.map(shownPart) : shownPart(value as string | Buffer);

const shownPart = (value: string | Buffer): Part =>
  typeof value === 'string' ? value : { base64: value.toString('base64') };

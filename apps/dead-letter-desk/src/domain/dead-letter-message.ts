/** What of a message the desk reads; values as text. */
export interface DeadLetterMessage {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** When it was written where it lies. */
  readonly writtenAt: Date;
}

/** What the desk knows of a letter by its message alone. Whatever a message says, this is what a database can hold. */
export interface LetterFacts {
  readonly type: string | null;
  readonly eventId: string | null;
  readonly orderId: string | null;
  readonly error: string;
  readonly reason: string;
  readonly consumer: string | null;
  readonly attempts: number;
  readonly firstTriedAt: Date | null;
  readonly raisedAt: Date;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LONGEST = 4_000;

/** The id that its consumer gave a dead letter; undefined when a stranger made it one. */
export function givenId({ headers }: Pick<DeadLetterMessage, 'headers'>): string | undefined {
  const id = headers['dlt_id'];
  return id !== undefined && ID.test(id) ? id.toLowerCase() : undefined;
}

export function factsOf({ headers, body, writtenAt }: DeadLetterMessage, now = new Date()): LetterFacts {
  const text = (name: string): string | null => {
    const value = headers[name];
    return value === undefined || value === '' ? null : plain(value);
  };
  return {
    type: text('ce_type'),
    eventId: text('ce_id'),
    orderId: idOf(headers['ce_subject']) ?? idOf(orderIdIn(body)) ?? null,
    error: text('dlt_error') ?? 'Unknown',
    reason: text('dlt_reason') ?? 'The message does not say.',
    consumer: text('dlt_consumer'),
    attempts: countOf(headers['dlt_attempts']),
    firstTriedAt: dateOf(headers['dlt_first_time']) ?? null,
    raisedAt: dateOf(headers['dlt_last_time']) ?? dateOf(writtenAt) ?? now,
  };
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** Text as PostgreSQL holds it: without zero bytes, and with an end. */
export const plain = (value: string): string => value.replaceAll('\0', '').slice(0, LONGEST);

function orderIdIn(body: Buffer): string | undefined {
  const json = jsonOf(body);
  if (typeof json !== 'object' || json === null) return undefined;
  const { orderId } = json as { orderId?: unknown };
  return typeof orderId === 'string' ? orderId : undefined;
}

const idOf = (value: string | undefined): string | undefined =>
  value !== undefined && ID.test(value) ? value.toLowerCase() : undefined;

function countOf(value: string | undefined): number {
  const count = Number(value);
  return Number.isSafeInteger(count) && count > 0 ? Math.min(count, 1_000_000) : 1;
}

/** Of strangers' messages only dates that RFC 3339 can write count: years 0 to 9999. */
function dateOf(value: string | Date | undefined): Date | undefined {
  const date = new Date(value ?? '');
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9_999 ? date : undefined;
}

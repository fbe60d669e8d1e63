import {
  contractOf,
  decodeEvent,
  ID_HEADER,
  InvalidEventError,
  schemaName,
  TYPE_HEADER,
} from '@orderbridge/contracts';
import { DEAD_LETTER_PREFIX, type Envelope, type HeaderValue } from '@orderbridge/messaging';
import { pointer, problemDetails, ProblemException, type ProblemDetail } from '@orderbridge/service';
import { jsonOf } from '../domain/dead-letter-message.js';
import { editableFields, fieldsChangedWrongly, isParkedCall } from '../domain/parked-call.js';
import type { Edit, LetterEntity } from '../storage/letter.entity.js';

/** A message as it is sent again. */
export interface RedrivenMessage extends Envelope {
  readonly key: string;
  readonly body: Buffer;
}

/** The message that a letter was, to the byte. */
export function originalMessage({ envelope, key, body }: LetterEntity): RedrivenMessage {
  const headers = Object.entries(envelope.headers).filter(([name]) => !name.startsWith(DEAD_LETTER_PREFIX));
  const { keyBytes } = envelope;
  return { headers: Object.fromEntries(headers), key, body, ...(keyBytes !== undefined && { keyBytes }) };
}

/**
 * The message that a letter was, with changes.
 *
 * @throws ProblemException 422 when it would be no event of its contract, or another event than it was, or when it
 *   changes what of a parked call must stay.
 */
export function editedMessage(letter: LetterEntity, edit: Edit): RedrivenMessage {
  const original = originalMessage(letter);
  const headers = new Map(Object.entries<HeaderValue>(original.headers));
  for (const [name, value] of Object.entries(edit.headers ?? {})) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  const body = 'payload' in edit ? Buffer.from(JSON.stringify(edit.payload)) : original.body;
  const message = { headers: Object.fromEntries(headers), body, key: String(headers.get('ce_subject')) };
  const errors = [
    ...complaintsAboutHeaders(letter, edit, message.headers),
    ...(isParkedCall(letter) ? complaintsAboutCall(letter, edit, message) : []),
  ];
  // What is wrong with the changes comes first; without any, what its consumer would say.
  if (errors.length === 0) errors.push(...complaintsOfConsumer(message));
  if (errors.length > 0) throw rejectedAgain(errors);
  return message;
}

/**
 * The message that makes the consumer of a parked call give it up. Characters that no text may have become U+FFFD: they
 * may be why the call had to be parked, and giving up must be possible all the same.
 *
 * @throws ProblemException 422 when the letter is no event of its contract, which its consumer could not give up.
 */
export function givenUpMessage(letter: LetterEntity): RedrivenMessage {
  const original = originalMessage(letter);
  const data = jsonOf(original.body);
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw rejectedAgain([{ pointer: '/payload', detail: 'The body is no JSON object.' }]);
  const readable = (_: string, value: unknown): unknown =>
    typeof value === 'string' ? value.replaceAll(NO_XML_TEXT, '\uFFFD') : value;
  const body = Buffer.from(JSON.stringify({ ...data, decision: 'give-up' }, readable));
  const message = { ...original, body };
  const errors = complaintsOfConsumer(message);
  if (errors.length > 0) throw rejectedAgain(errors);
  return message;
}

const NO_XML_TEXT = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

const rejectedAgain = (errors: readonly ProblemDetail[]): ProblemException =>
  new ProblemException({
    status: 422,
    title: 'Would be rejected again',
    detail: 'The message is no event that its consumer could take; errors says why. Nothing was sent.',
    errors,
  });

function complaintsAboutHeaders(
  letter: LetterEntity,
  edit: Edit,
  headers: Readonly<Record<string, HeaderValue>>,
): ProblemDetail[] {
  return Object.keys(edit.headers ?? {}).flatMap((name) => {
    const where = pointer(['headers', name]);
    if (name.startsWith(DEAD_LETTER_PREFIX)) {
      const detail = `Headers with ${DEAD_LETTER_PREFIX} are the dead letter's, not the message's.`;
      return [{ pointer: where, detail }];
    }
    // With another id it would be done a second time by those who have handled it.
    if (name === ID_HEADER && letter.eventId !== null && headers[name] !== letter.eventId)
      return [{ pointer: where, detail: `The message keeps its id ${letter.eventId}.` }];
    if (name === TYPE_HEADER && isParkedCall(letter) && headers[name] !== letter.type)
      return [{ pointer: where, detail: `A parked call keeps its type ${letter.type}.` }];
    return [];
  });
}

function complaintsAboutCall(letter: LetterEntity, edit: Edit, { body }: RedrivenMessage): ProblemDetail[] {
  if (!('payload' in edit)) return [];
  const [before, after] = [jsonOf(letter.body), jsonOf(body)];
  const type = letter.type as string;
  if (!isFields(before) || !isFields(after)) return [];
  const may = editableFields(type).join(', ');
  const detail = may === '' ? `Nothing of ${type} may be changed.` : `Of ${type} only ${may} may be changed.`;
  return fieldsChangedWrongly(type, before, after).map((name) => ({
    pointer: pointer(['payload', name]),
    detail,
  }));
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the consumer of an event would find wrong with it. */
function complaintsOfConsumer({ headers, body }: RedrivenMessage): ProblemDetail[] {
  const text = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : undefined]),
  );
  const type = text[TYPE_HEADER];
  const contract = type === undefined ? undefined : contractOf(type);
  if (!contract) {
    const detail =
      type === undefined ? 'The header ce_type is missing.' : `There is no contract of the type ${type}.`;
    return [{ pointer: '/headers/ce_type', detail }];
  }
  const data = jsonOf(body);
  const checked = data === undefined ? undefined : contract.schema.safeParse(data);
  if (checked?.success === false) return problemDetails(checked.error.issues, ['payload']);
  try {
    const event = decodeEvent(contract, text, body);
    const key = contract.key(event.data);
    if (key === event.subject) return [];
    const detail = `${schemaName(contract)} about ${key} must have that as its subject, not ${event.subject}.`;
    return [{ pointer: '/headers/ce_subject', detail }];
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return [{ pointer: data === undefined ? '/payload' : '/headers', detail: error.message }];
  }
}

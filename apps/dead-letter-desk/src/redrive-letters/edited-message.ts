import { contractOf, decodeEvent, InvalidEventError, schemaName } from '@orderbridge/contracts';
import { DEAD_LETTER_PREFIX, type Envelope, type HeaderValue } from '@orderbridge/messaging';
import { ProblemException, type ProblemDetail } from '@orderbridge/service';
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
 * @throws ProblemException 422 when it would be no event of its contract, or another event than it was.
 */
export function editedMessage(letter: LetterEntity, edit: Edit): RedrivenMessage {
  const original = originalMessage(letter);
  const headers: Record<string, HeaderValue> = { ...original.headers };
  for (const [name, value] of Object.entries(edit.headers ?? {})) {
    if (value === null) delete headers[name];
    else headers[name] = value;
  }
  const body = 'payload' in edit ? Buffer.from(JSON.stringify(edit.payload)) : original.body;
  const errors = complaints(letter, edit, headers, body);
  if (errors.length > 0) {
    throw new ProblemException({
      status: 422,
      title: 'Would be rejected again',
      detail:
        'The edited message is no event that its consumer could take; errors says why. Nothing was sent.',
      errors,
    });
  }
  return { headers, body, key: String(headers['ce_subject']) };
}

function complaints(
  letter: LetterEntity,
  edit: Edit,
  headers: Readonly<Record<string, HeaderValue>>,
  body: Buffer,
): ProblemDetail[] {
  for (const name of Object.keys(edit.headers ?? {})) {
    const pointer = `/headers/${name}`;
    if (name.startsWith(DEAD_LETTER_PREFIX))
      return [
        { pointer, detail: `Headers with ${DEAD_LETTER_PREFIX} are the dead letter's, not the message's.` },
      ];
    // With another id it would be done a second time by those who have handled it.
    if (name === 'ce_id' && letter.eventId !== null && headers[name] !== letter.eventId)
      return [{ pointer, detail: `The message keeps its id ${letter.eventId}.` }];
  }
  const text = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : undefined]),
  );
  const type = text['ce_type'];
  const contract = type === undefined ? undefined : contractOf(type);
  if (!contract) {
    const detail =
      type === undefined ? 'The header ce_type is missing.' : `There is no contract of the type ${type}.`;
    return [{ pointer: '/headers/ce_type', detail }];
  }
  try {
    const event = decodeEvent(contract, text, body);
    const key = contract.key(event.data);
    if (key === event.subject) return [];
    const detail = `${schemaName(contract)} about ${key} must have that as its subject, not ${event.subject}.`;
    return [{ pointer: '/headers/ce_subject', detail }];
  } catch (error) {
    if (!(error instanceof InvalidEventError)) throw error;
    return [{ pointer: error.message.includes('header') ? '/headers' : '/payload', detail: error.message }];
  }
}

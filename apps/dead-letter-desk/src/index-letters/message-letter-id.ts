import type { IncomingMessage } from '@orderbridge/ibm-mq';
import { givenId } from '../domain/dead-letter-message.js';
import { contentOf, idOfOther, idOfPlace } from './letter-id.js';

/** The id of the letter that a message on a backout queue is. */
export function idOf({ headers, queue, messageId, putAt }: IncomingMessage): string {
  const given = headers['dlt_id'];
  return (
    givenId({ headers: { dlt_id: typeof given === 'string' ? given : undefined } }) ??
    idOfPlace('ibm-mq', queue, messageId, Number.isNaN(putAt.getTime()) ? '' : putAt.toISOString())
  );
}

/** Programs that take a message from its queue and bring it back may give it other properties, but neither body nor event. */
export const contentOfMessage = ({ headers, body }: IncomingMessage): string =>
  contentOf(String(headers['ce_type'] ?? ''), String(headers['ce_id'] ?? ''), body);

/** Whether a message is a letter of the index. */
export function isLetter(
  message: IncomingMessage,
  { id, content }: { readonly id: string; readonly content: string | null },
): boolean {
  const own = idOf(message);
  if (content === null) return own === id;
  return contentOfMessage(message) === content && (own === id || idOfOther(own, content) === id);
}

import type { IncomingMessage } from '@orderbridge/ibm-mq';
import { givenId } from '../domain/dead-letter-message.js';
import { idOfPlace } from './letter-id.js';

/** The id of the letter that a message on a backout queue is. */
export function idOf({ headers, queue, messageId, putAt }: IncomingMessage): string {
  const given = headers['dlt_id'];
  return (
    givenId({ headers: { dlt_id: typeof given === 'string' ? given : undefined } }) ??
    idOfPlace('ibm-mq', queue, messageId, putAt.toISOString())
  );
}

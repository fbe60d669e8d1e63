import { InvalidMessageError } from '../errors.js';
import type { IncomingMessage } from './incoming-message.js';
import type { OutgoingMessage } from './outgoing-message.js';

/** Report options that rule the reply; https://www.ibm.com/docs/en/ibm-mq/latest?topic=mqmd-report-mqlong. */
export const ReportOption = {
  PASS_CORREL_ID: 0x40,
  PASS_MSG_ID: 0x80,
  PASS_DISCARD_AND_EXPIRY: 0x4000,
} as const;

/** Of a series of replies to one request, all but the last have it. A reply without it is the only one or the last. */
export const MORE_REPLIES = 'nest_more';
/** The reply carries no value: the series ends without a further one. */
export const NO_VALUE = 'nest_empty';
/** The body is the error with which the request failed. */
export const ERROR_REPLY = 'nest_error';

/**
 * Destination, identifiers, expiry, persistence and priority of a reply, as the report options of the request ask: by
 * default the correlation id is the request's message id.
 *
 * @throws InvalidMessageError when the request names no reply queue.
 */
export function replyTo(request: IncomingMessage): Omit<OutgoingMessage, 'body'> {
  if (!request.replyTo)
    throw new InvalidMessageError(`A message of ${request.queue} names no queue to reply to.`);
  const asks = (option: number) => (request.report & option) !== 0;
  const { queue, queueManager } = request.replyTo;
  return {
    queue,
    queueManager,
    type: 'REPLY',
    correlationId: asks(ReportOption.PASS_CORREL_ID) ? request.correlationId : request.messageId,
    messageId: asks(ReportOption.PASS_MSG_ID) ? request.messageId : undefined,
    expiry: asks(ReportOption.PASS_DISCARD_AND_EXPIRY) ? request.expiry : undefined,
    persistent: request.persistent,
    priority: request.priority,
  };
}

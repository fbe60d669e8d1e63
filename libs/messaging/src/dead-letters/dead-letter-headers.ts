import { v7 as uuid } from 'uuid';
import type { Rejection } from '../pipeline/delivery.js';

/** How the names of the headers begin that make a message a dead letter; all others are the message's own. */
export const DEAD_LETTER_PREFIX = 'dlt_';

const LONGEST_REASON = 2_000;
const STACK_LINE = /^\s+at .*(?:\r?\n|$)/gm;
// eslint-disable-next-line no-control-regex -- brokers carry no such characters in text
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/**
 * What a dead letter tells beside the message: its own id, the error's name and reason, by whom, how often and when the
 * message was tried. Where it came from is added by the transport, in headers of the same prefix.
 */
export function deadLetterHeaders(
  consumer: string,
  { error, attempts, firstTried, lastTried }: Omit<Rejection, 'status'>,
): Record<string, string> {
  return {
    dlt_id: uuid(),
    dlt_error: error.name,
    dlt_reason: reasonOf(error),
    dlt_attempts: `${attempts}`,
    dlt_consumer: consumer,
    dlt_first_time: firstTried.toISOString(),
    dlt_last_time: lastTried.toISOString(),
  };
}

/** An error's message without stack lines or control characters, at most 2,000 characters. */
export function reasonOf({ message }: Error): string {
  const text = message.replaceAll(STACK_LINE, '').replaceAll(CONTROL, ' ').trim();
  return text.slice(0, LONGEST_REASON);
}

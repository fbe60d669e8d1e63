import type { Connection, Output } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingHeaders } from '../message/headers.js';
import { withChanges, type PassedOn } from '../message/changed-message.js';
import { LITTLE_ENDIAN, UTF_8 } from '../message/rfh2.js';
import { Format } from '../mqi/constants.js';
import type { MQMD, Mqi } from '../mqi/ibmmq.js';
import { isUnitTooLarge, Reason } from '../mqi/reason-codes.js';
import { putInto } from '../sender/put-message.js';
import type { BackoutPolicy } from './backout-policy.js';

/** Where a rejected message went. */
export interface Rejection {
  readonly kind: 'requeued' | 'dead-lettered' | 'put-back';
  readonly queue: string;
}

export interface RejectOptions {
  /** Added to the message's own. */
  readonly headers?: OutgoingHeaders;
  /** Reason for the MQDLH, when it goes to the dead-letter queue. Default MQRC_BACKOUT_THRESHOLD_REACHED (2362). */
  readonly reason?: number;
}

/** Marks a message that was to be moved away and had to be put back: it is not handled again, but moved when that works. */
export const PUT_BACK_HEADER = 'moved_to_end';

/** MQAT_WINDOWS_NT and MQAT_UNIX. */
const APPLICATION_TYPE = process.platform === 'win32' ? 11 : 6;
const APPLICATION_NAME_LENGTH = 28;

/**
 * Moves a message, in the unit of work in which it was taken, to the backout queue of its queue, or else to the
 * dead-letter queue with an MQDLH in front. When neither is there or takes it, it is put back to the end of its own queue,
 * with a mark, so that it holds up nobody. Ids, properties, priority, persistence and put context stay; without the
 * authority to set the context, the queue manager sets that of this program.
 *
 * @throws IbmMqError or Error, why the first of these queues did not take it, when it cannot be put back either.
 */
export function moveAway(
  connection: Connection,
  message: IncomingMessage,
  policy: BackoutPolicy,
  { headers = {}, reason = Reason.BACKOUT_THRESHOLD_REACHED }: RejectOptions,
): Rejection {
  const { backoutQueue, deadLetterQueue } = policy;
  const moves: (() => Rejection)[] = [];
  if (backoutQueue !== '') moves.push(() => requeue(connection, message, backoutQueue, headers));
  if (deadLetterQueue !== '') moves.push(() => deadLetter(connection, message, policy, headers, reason));
  let failure: Error | undefined;
  for (const move of moves) {
    try {
      return move();
    } catch (error) {
      failure ??= error as Error;
      if (!isOfQueue(error)) throw error;
    }
  }
  failure ??= new Error(
    `A message of ${message.queue} cannot be moved away: no BOQNAME there, no dead-letter queue.`,
  );
  // In its group it could not be found again.
  if (message.group) throw failure;
  try {
    return putBack(connection, message, headers);
  } catch (error) {
    throw isOfQueue(error) ? failure : error;
  }
}

/** Whether another queue may take what this one did not. */
const isOfQueue = (error: unknown): boolean =>
  error instanceof IbmMqError && !error.connectionLost && !isUnitTooLarge(error.reason);

/** Without the mark; where there is none, every byte stays. */
function unmarked(message: IncomingMessage, headers: OutgoingHeaders): PassedOn {
  const isMarked = message.headers[PUT_BACK_HEADER] !== undefined;
  return withChanges(message, {
    headers,
    ...(isMarked && { drops: (header: string) => header === PUT_BACK_HEADER }),
  });
}

function requeue(
  connection: Connection,
  message: IncomingMessage,
  queue: string,
  headers: OutgoingHeaders,
): Rejection {
  putWithContext(connection, queue, message.descriptor, unmarked(message, headers));
  return { kind: 'requeued', queue };
}

function deadLetter(
  connection: Connection,
  message: IncomingMessage,
  { deadLetterQueue, queueManager }: BackoutPolicy,
  headers: OutgoingHeaders,
  reason: number,
): Rejection {
  const passedOn = unmarked(message, headers);
  const header = deadLetterHeader(connection.mqi, { queue: message.queue, queueManager, reason }, passedOn);
  putWithContext(connection, deadLetterQueue, message.descriptor, {
    format: Format.DEAD_LETTER_HEADER,
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data: Buffer.concat([header, passedOn.data]),
  });
  return { kind: 'dead-lettered', queue: deadLetterQueue };
}

function putBack(connection: Connection, message: IncomingMessage, headers: OutgoingHeaders): Rejection {
  const { queue, descriptor } = message;
  putWithContext(
    connection,
    queue,
    descriptor,
    withChanges(message, { headers: { ...headers, [PUT_BACK_HEADER]: true } }),
  );
  return { kind: 'put-back', queue };
}

/** Puts a message in the unit of work as another program had put it: with its ids, and when and by whom it was put. */
export function putWithContext(
  connection: Connection,
  queue: string,
  original: MQMD,
  passedOn: PassedOn,
): void {
  const descriptor = copyDescriptor(connection.mqi, original);
  descriptor.Format = passedOn.format;
  descriptor.Encoding = passedOn.encoding;
  descriptor.CodedCharSetId = passedOn.characterSet;
  putInto(connection, () => openWithContext(connection, queue), descriptor, passedOn.data);
}

function openWithContext(connection: Connection, queue: string): Output {
  try {
    return connection.openOutput({ queue }, true);
  } catch (error) {
    if (!(error instanceof IbmMqError) || error.reason !== Reason.NOT_AUTHORIZED) throw error;
    return connection.openOutput({ queue });
  }
}

/** A put completes its descriptor, into the Buffers that it holds. */
function copyDescriptor(mqi: Mqi, original: MQMD): MQMD {
  const copy = Object.assign(new mqi.MQMD(), original);
  copy.MsgId = Buffer.from(original.MsgId);
  copy.CorrelId = Buffer.from(original.CorrelId);
  copy.GroupId = Buffer.from(original.GroupId);
  copy.AccountingToken = Buffer.from(original.AccountingToken);
  return copy;
}

function deadLetterHeader(
  mqi: Mqi,
  { queue, queueManager, reason }: { queue: string; queueManager: string; reason: number },
  next: PassedOn,
): Buffer {
  const header = new mqi.MQDLH();
  header.Reason = reason;
  header.DestQName = queue;
  header.DestQMgrName = queueManager;
  header.Format = next.format;
  header.Encoding = next.encoding;
  header.CodedCharSetId = next.characterSet;
  header.PutApplType = APPLICATION_TYPE;
  header.PutApplName = process.title.slice(-APPLICATION_NAME_LENGTH);
  // yyyyMMdd and HHmmsshh, in GMT.
  const now = new Date().toISOString().replaceAll(/[-:.TZ]/g, '');
  header.PutDate = now.slice(0, 8);
  header.PutTime = now.slice(8, 16);
  return header.getBuffer();
}

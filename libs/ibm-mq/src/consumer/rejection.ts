import type { Connection, Output } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingHeaders } from '../message/headers.js';
import { withChanges, type PassedOn } from '../message/changed-message.js';
import { LITTLE_ENDIAN, UTF_8 } from '../message/rfh2.js';
import { Format } from '../mqi/constants.js';
import type { MQMD, Mqi } from '../mqi/ibmmq.js';
import { Reason } from '../mqi/reason-codes.js';
import { putInto } from '../sender/put-message.js';
import type { BackoutPolicy } from './backout-policy.js';

/** Where a rejected message went. */
export interface Rejection {
  readonly kind: 'requeued' | 'dead-lettered';
  readonly queue: string;
}

export interface RejectOptions {
  /** Added to the message's own. */
  readonly headers?: OutgoingHeaders;
  /** Reason for the MQDLH, when it goes to the dead-letter queue. Default MQRC_BACKOUT_THRESHOLD_REACHED (2362). */
  readonly reason?: number;
}

/** MQAT_WINDOWS_NT and MQAT_UNIX. */
const APPLICATION_TYPE = process.platform === 'win32' ? 11 : 6;
const APPLICATION_NAME_LENGTH = 28;

/**
 * Moves a message, in the unit of work in which it was taken, to the backout queue of its queue, or else to the
 * dead-letter queue with an MQDLH in front. Ids, properties, priority, persistence and put context stay; without the
 * authority to set the context, the queue manager sets that of this program.
 *
 * @throws IbmMqError when neither takes it; a plain Error when there is neither.
 */
export function moveAway(
  connection: Connection,
  message: IncomingMessage,
  policy: BackoutPolicy,
  { headers = {}, reason = Reason.BACKOUT_THRESHOLD_REACHED }: RejectOptions,
): Rejection {
  const { backoutQueue, deadLetterQueue, queueManager } = policy;
  const passedOn = withChanges(message, { headers });
  if (backoutQueue !== '') {
    try {
      putWithContext(connection, backoutQueue, message.descriptor, passedOn);
      return { kind: 'requeued', queue: backoutQueue };
    } catch (error) {
      if (deadLetterQueue === '' || !(error instanceof IbmMqError) || error.connectionLost) throw error;
    }
  }
  if (deadLetterQueue === '') {
    throw new Error(
      `A message of ${message.queue} cannot be moved away: no BOQNAME there, no dead-letter queue.`,
    );
  }
  const header = deadLetterHeader(connection.mqi, { queue: message.queue, queueManager, reason }, passedOn);
  putWithContext(connection, deadLetterQueue, message.descriptor, {
    format: Format.DEAD_LETTER_HEADER,
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data: Buffer.concat([header, passedOn.data]),
  });
  return { kind: 'dead-lettered', queue: deadLetterQueue };
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

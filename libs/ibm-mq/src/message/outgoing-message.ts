import { EXPIRY_UNLIMITED, Format, GroupFlag, MessageType, PRIORITY_AS_Q_DEF } from '../mqi/constants.js';
import type { MQMD, Mqi } from '../mqi/ibmmq.js';
import type { OutgoingHeaders } from './headers.js';
import { toIdentifier } from './identifier.js';
import type { ReplyTo } from './incoming-message.js';
import { LITTLE_ENDIAN, RFH2_FORMAT, UTF_8, writeElements, writeRfh2 } from './rfh2.js';

/** Place of a message in a message group; https://www.ibm.com/docs/en/ibm-mq/latest?topic=messages-message-groups. */
export interface MessageGroup {
  /** Up to 24 bytes as hex digits, or a UUID. */
  readonly id: string;
  /** Counts from 1. */
  readonly sequence: number;
  /** Whether it is the last of the group. Default false. */
  readonly last?: boolean;
}

/** A message to send. */
export interface OutgoingMessage {
  readonly queue: string;
  /** Default: the one that is connected to. */
  readonly queueManager?: string;
  /** Text is sent as UTF-8 with format MQSTR, a Buffer as bytes without format. */
  readonly body: string | Buffer;
  /** Format name in place of the one that follows from the body, for example `MQSTR` for a Buffer of UTF-8. */
  readonly format?: string;
  /** Sent as message properties. */
  readonly headers?: OutgoingHeaders;
  /** Up to 24 bytes as hex digits, or a UUID. Default: chosen by the queue manager. */
  readonly messageId?: string;
  /** Up to 24 bytes as hex digits, or a UUID. */
  readonly correlationId?: string;
  /** Whether it outlives a restart of the queue manager. Default true. */
  readonly persistent?: boolean;
  /** 0 (lowest) to 9. Default: DEFPRTY of the queue. */
  readonly priority?: number;
  /** Milliseconds after which it need not be delivered any more, in steps of 100. Default never. */
  readonly expiry?: number;
  /** Where to reply to; makes the message a request. */
  readonly replyTo?: Partial<ReplyTo> & Pick<ReplyTo, 'queue'>;
  /** Default: a request with `replyTo`, else a datagram. */
  readonly type?: keyof typeof MessageType;
  readonly group?: MessageGroup;
  /** Report options (MQRO) for reports and for the identifiers of replies. Default 0. */
  readonly report?: number;
  /** Feedback code (MQFB), for reports. Default 0. */
  readonly feedback?: number;
}

/** @throws InvalidMessageError for headers or identifiers that MQ cannot hold. */
export function encodeDescriptor(mqi: Mqi, message: OutgoingMessage, headers: OutgoingHeaders): MQMD {
  const descriptor = new mqi.MQMD();
  descriptor.Persistence = message.persistent === false ? 0 : 1;
  descriptor.Priority = message.priority ?? PRIORITY_AS_Q_DEF;
  descriptor.Expiry =
    message.expiry === undefined ? EXPIRY_UNLIMITED : Math.max(1, Math.ceil(message.expiry / 100));
  descriptor.MsgType = MessageType[message.type ?? (message.replyTo ? 'REQUEST' : 'DATAGRAM')];
  descriptor.Report = message.report ?? 0;
  descriptor.Feedback = message.feedback ?? 0;
  descriptor.Encoding = LITTLE_ENDIAN;
  descriptor.CodedCharSetId = UTF_8;
  descriptor.Format = hasHeaders(headers) ? RFH2_FORMAT : bodyFormat(message);
  if (message.messageId !== undefined) descriptor.MsgId = toIdentifier(message.messageId);
  if (message.correlationId !== undefined) descriptor.CorrelId = toIdentifier(message.correlationId);
  if (message.group) {
    descriptor.GroupId = toIdentifier(message.group.id);
    descriptor.MsgSeqNumber = message.group.sequence;
    descriptor.MsgFlags = GroupFlag.IN_GROUP | (message.group.last ? GroupFlag.LAST : 0);
  }
  if (message.replyTo) {
    descriptor.ReplyToQ = message.replyTo.queue;
    descriptor.ReplyToQMgr = message.replyTo.queueManager ?? '';
  }
  return descriptor;
}

/** The message data: an MQRFH2 with the headers if there are any, and the body. */
export function encodeData(message: OutgoingMessage, headers: OutgoingHeaders): Buffer {
  const { body } = message;
  if (!hasHeaders(headers)) return typeof body === 'string' ? Buffer.from(body) : body;
  const next = { format: bodyFormat(message), encoding: LITTLE_ENDIAN, characterSet: UTF_8 };
  return writeRfh2([`<usr>${writeElements(headers)}</usr>`], next, body);
}

function hasHeaders(headers: OutgoingHeaders): boolean {
  for (const name in headers) if (headers[name] !== undefined) return true;
  return false;
}

function bodyFormat({ format, body }: OutgoingMessage): string {
  return format ?? (typeof body === 'string' ? Format.STRING : Format.NONE);
}

import { EXPIRY_UNLIMITED, Format, GroupFlag, MessageType } from '../mqi/constants.js';
import type { MQMD } from '../mqi/ibmmq.js';
import type { Headers } from './headers.js';
import type { MessageGroup } from './outgoing-message.js';
import { fromIdentifier } from './identifier.js';
import { folderName, readFolder, readHeaders, readRfh2, record, RFH2_FORMAT, type Folder } from './rfh2.js';

/** Where a reply is expected. */
export interface ReplyTo {
  readonly queue: string;
  readonly queueManager: string;
}

/** A message as it was taken from a queue. */
export class IncomingMessage {
  /** The queue it was taken from, by the name under which it was opened. */
  readonly queue: string;
  /** The message properties of the folder `usr`, which is where programs put theirs. */
  readonly headers: Readonly<Headers>;
  /** The message properties of other folders, for example `jms` and `mcd` of JMS senders. */
  readonly folders: Readonly<Record<string, Folder>>;
  /** The bytes behind all MQRFH2 headers. */
  readonly body: Buffer;
  /** Format name of the body: `MQSTR` for text, empty for bytes. */
  readonly format: string;
  /** CCSID of text in the body; 1208 (UTF-8) after conversion. */
  readonly characterSet: number;
  /** Encoding of numbers in the body (MQENC). */
  readonly encoding: number;
  /** Why the queue manager could not convert the body to UTF-8, as MQ's reason code; undefined when it could. */
  readonly conversionError: number | undefined;
  /** @internal The descriptor as it came. */
  readonly descriptor: MQMD;
  /** @internal The message data as they came, with their MQRFH2 headers. */
  readonly data: Buffer;

  constructor(queue: string, descriptor: MQMD, data: Buffer, conversionError?: number) {
    this.queue = queue;
    this.descriptor = descriptor;
    this.data = data;
    this.conversionError = conversionError;
    const headers = record();
    const folders = Object.create(null) as Record<string, Folder>;
    let { Format: format, CodedCharSetId: characterSet, Encoding: encoding } = descriptor;
    let body = data;
    while (format === RFH2_FORMAT) {
      const header = readRfh2(body, encoding);
      if (!header) break;
      for (const folder of header.folders) {
        const name = folderName(folder);
        if (name === 'usr') readHeaders(folder, headers);
        else folders[name] = Object.assign(folders[name] ?? record(), readFolder(folder));
      }
      body = body.subarray(header.length);
      ({ format, encoding } = header.next);
      // MQCCSI_INHERIT and MQCCSI_EMBEDDED leave the character set as it is.
      if (header.next.characterSet > 0) characterSet = header.next.characterSet;
    }
    this.headers = headers;
    this.folders = folders;
    this.body = body;
    this.format = format;
    this.characterSet = characterSet;
    this.encoding = encoding;
  }

  /** 48 hex digits. */
  get messageId(): string {
    return this.descriptor.MsgId.toString('hex');
  }

  /** 48 hex digits; undefined when the sender set none. */
  get correlationId(): string | undefined {
    return fromIdentifier(this.descriptor.CorrelId);
  }

  /** How often the message was backed out before: 0 at the first delivery. */
  get backoutCount(): number {
    return this.descriptor.BackoutCount;
  }

  get persistent(): boolean {
    return this.descriptor.Persistence === 1;
  }

  /** 0 (lowest) to 9. */
  get priority(): number {
    return this.descriptor.Priority;
  }

  /** Milliseconds until the message expires; undefined when it never does. */
  get expiry(): number | undefined {
    const { Expiry } = this.descriptor;
    return Expiry === EXPIRY_UNLIMITED ? undefined : Expiry * 100;
  }

  /** When the message was put, to the hundredth of a second. */
  get putAt(): Date {
    const { PutDate: date, PutTime: time } = this.descriptor;
    const part = (text: string, start: number, end?: number) => Number(text.slice(start, end));
    return new Date(
      Date.UTC(
        part(date, 0, 4),
        part(date, 4, 6) - 1,
        part(date, 6, 8),
        part(time, 0, 2),
        part(time, 2, 4),
        part(time, 4, 6),
        part(time, 6, 8) * 10,
      ),
    );
  }

  /** The program that put the message, as far as the queue manager tells. */
  get putBy(): string {
    return this.descriptor.PutApplName;
  }

  /** The user whose authority the message carries. */
  get user(): string {
    return this.descriptor.UserIdentifier;
  }

  /** Its place in a message group; undefined when it is in none. */
  get group(): Required<MessageGroup> | undefined {
    const { GroupId, MsgSeqNumber: sequence, MsgFlags } = this.descriptor;
    if ((MsgFlags & (GroupFlag.IN_GROUP | GroupFlag.LAST)) === 0) return undefined;
    return { id: GroupId.toString('hex'), sequence, last: (MsgFlags & GroupFlag.LAST) !== 0 };
  }

  get isRequest(): boolean {
    return this.descriptor.MsgType === MessageType.REQUEST;
  }

  /** Where a reply is expected; undefined when nowhere. */
  get replyTo(): ReplyTo | undefined {
    const { ReplyToQ: queue, ReplyToQMgr: queueManager } = this.descriptor;
    return queue === '' ? undefined : { queue, queueManager };
  }

  /** Report options and feedback code of the descriptor (MQRO, MQFB). */
  get report(): number {
    return this.descriptor.Report;
  }

  get feedback(): number {
    return this.descriptor.Feedback;
  }

  /** Whether the body is text. */
  get isText(): boolean {
    return this.format === Format.STRING;
  }

  /** The body as UTF-8 text. */
  text(): string {
    return this.body.toString('utf8');
  }
}

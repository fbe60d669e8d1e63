import { hasSeveral } from './flags.js';
import type { Attributes } from './attributes.js';
import { Field, ID_LENGTH, isZeroId, readName, writeName, writePutTime } from './message-descriptor.js';
import { PutOption, Reason, ReportOption } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';

/** Who puts a message: what goes into its context fields. */
export interface Origin {
  user: string;
  application: string;
}

const MESSAGE_ID_PREFIX = 'AMQ ';
const NAME_LENGTH = 48;
const PUT_APPL_TYPE_UNIX = 6;
const NOT_PERSISTENT = 0;
const PERSISTENT = 1;
const PERSISTENCE_AS_Q_DEF = 2;
const PRIORITY_AS_Q_DEF = -1;
const MAX_PRIORITY = 9;
const REQUEST = 1;
const CCSID_Q_MGR = 0;
const IDENTITY_LENGTH = Field.PutApplType - Field.UserIdentifier;
const CONTEXT_LENGTH = Field.GroupId - Field.UserIdentifier;

const known = Object.values(PutOption).reduce((all, option) => all | option, 0);
const notImplemented = PutOption.LOGICAL_ORDER | PutOption.MD_FOR_OUTPUT_ONLY;
const contextOptions =
  PutOption.DEFAULT_CONTEXT |
  PutOption.NO_CONTEXT |
  PutOption.PASS_IDENTITY_CONTEXT |
  PutOption.PASS_ALL_CONTEXT |
  PutOption.SET_IDENTITY_CONTEXT |
  PutOption.SET_ALL_CONTEXT;
/** Reports that the queue manager itself would have to send. */
const generatedReports =
  ReportOption.EXPIRATION_WITH_FULL_DATA | ReportOption.COA_WITH_FULL_DATA | ReportOption.COD_WITH_FULL_DATA;
/** Groups and segments. */
const groupFlags = 0x1f;

/** @throws MqiError when the options of MQPMO are wrong or not implemented */
export function checkPutOptions(options: number): void {
  const conflicts =
    hasSeveral(options & (PutOption.SYNCPOINT | PutOption.NO_SYNCPOINT)) ||
    hasSeveral(options & contextOptions);
  if (conflicts) throw new MqiError(Reason.OPTIONS_ERROR);
  if (options & notImplemented) throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
  if (options & ~known) throw new MqiError(Reason.OPTIONS_ERROR);
}

function checkDescriptor(descriptor: Buffer): void {
  const priority = descriptor.readInt32LE(Field.Priority);
  const persistence = descriptor.readInt32LE(Field.Persistence);
  const expiry = descriptor.readInt32LE(Field.Expiry);
  const type = descriptor.readInt32LE(Field.MsgType);
  const report = descriptor.readInt32LE(Field.Report);
  if (priority < PRIORITY_AS_Q_DEF) throw new MqiError(Reason.PRIORITY_ERROR);
  if (persistence < NOT_PERSISTENT || persistence > PERSISTENCE_AS_Q_DEF)
    throw new MqiError(Reason.PERSISTENCE_ERROR);
  if (expiry !== -1 && expiry <= 0) throw new MqiError(Reason.EXPIRY_ERROR);
  if (type < 1 || type > 999_999_999) throw new MqiError(Reason.MSG_TYPE_ERROR);
  if (report & generatedReports) throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
  if (descriptor.readInt32LE(Field.MsgFlags) & groupFlags || !isZeroId(descriptor, Field.GroupId)) {
    throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
  }
  const needsReply = type === REQUEST || (report & ReportOption.ANY_REPORT) !== 0;
  if (needsReply && readName(descriptor, Field.ReplyToQ, NAME_LENGTH) === '') {
    throw new MqiError(Reason.MISSING_REPLY_TO_Q);
  }
}

/** Makes the identifiers of one queue manager's messages. */
export class IdentifierSource {
  private readonly prefix: Buffer;
  private last = BigInt(Date.now()) << 20n;

  constructor(readonly queueManager: string) {
    this.prefix = Buffer.alloc(ID_LENGTH, 0x20);
    this.prefix.write(MESSAGE_ID_PREFIX, 0, 'latin1');
    this.prefix.write(queueManager, MESSAGE_ID_PREFIX.length, 12, 'latin1');
  }

  /** Writes an identifier that no other message has. */
  write(target: Buffer, offset: number): void {
    target.set(this.prefix, offset);
    target.writeBigUInt64BE(++this.last, offset + ID_LENGTH - 8);
  }
}

/** Context that MQPMO_PASS_*_CONTEXT takes from the message that was got last through another handle. */
export type SavedContext = Buffer | undefined;

/** The fields from UserIdentifier to ApplOriginData. */
export function contextOf(descriptor: Buffer): Buffer {
  return Buffer.from(descriptor.subarray(Field.UserIdentifier, Field.GroupId));
}

function setContext(descriptor: Buffer, options: number, origin: Origin, saved: SavedContext): void {
  if (options & PutOption.SET_ALL_CONTEXT) return;
  const now = new Date();
  if (options & PutOption.NO_CONTEXT) {
    descriptor.fill(0x20, Field.UserIdentifier, Field.GroupId);
    descriptor.fill(0, Field.AccountingToken, Field.ApplIdentityData);
    descriptor.writeInt32LE(0, Field.PutApplType);
    return;
  }
  if (options & PutOption.PASS_ALL_CONTEXT) {
    descriptor.set(saved!.subarray(0, CONTEXT_LENGTH), Field.UserIdentifier);
    return;
  }
  if (options & PutOption.PASS_IDENTITY_CONTEXT) {
    descriptor.set(saved!.subarray(0, IDENTITY_LENGTH), Field.UserIdentifier);
  } else if (!(options & PutOption.SET_IDENTITY_CONTEXT)) {
    writeName(descriptor, Field.UserIdentifier, 12, origin.user);
    descriptor.fill(0, Field.AccountingToken, Field.ApplIdentityData);
    writeName(descriptor, Field.ApplIdentityData, 32, '');
  }
  descriptor.writeInt32LE(PUT_APPL_TYPE_UNIX, Field.PutApplType);
  writeName(descriptor, Field.PutApplName, 28, origin.application);
  writePutTime(descriptor, now);
  writeName(descriptor, Field.ApplOriginData, 4, '');
}

/** What a put stores besides the message's data. */
export interface PreparedPut {
  /** The descriptor as it is stored; its identifiers and context go back to the caller. */
  descriptor: Buffer;
  persistent: boolean;
  priority: number;
  /** ms since the epoch, 0 for never */
  expiry: number;
  /** NONE, or the warning the verb ends with. */
  warning: number;
}

/**
 * Completes a message descriptor: identifiers, context, and what is left to the queue's defaults.
 *
 * @param queue attributes of the queue that was named, which may be an alias
 * @throws MqiError when a field is wrong
 */
export function preparePut(
  given: Buffer,
  options: number,
  queue: Attributes,
  ccsid: number,
  origin: Origin,
  saved: SavedContext,
  identifiers: IdentifierSource,
): PreparedPut {
  checkDescriptor(given);
  const descriptor = Buffer.from(given);
  let warning: number = Reason.NONE;
  let priority = descriptor.readInt32LE(Field.Priority);
  let persistence = descriptor.readInt32LE(Field.Persistence);
  if (priority === PRIORITY_AS_Q_DEF) priority = queue.DEFPRTY as number;
  if (persistence === PERSISTENCE_AS_Q_DEF) persistence = queue.DEFPSIST as number;
  if (priority > MAX_PRIORITY) warning = Reason.PRIORITY_EXCEEDS_MAXIMUM;
  descriptor.writeInt32LE(priority, Field.Priority);
  descriptor.writeInt32LE(persistence, Field.Persistence);
  descriptor.writeInt32LE(0, Field.BackoutCount);
  if (descriptor.readInt32LE(Field.CodedCharSetId) === CCSID_Q_MGR) {
    descriptor.writeInt32LE(ccsid, Field.CodedCharSetId);
  }
  if (options & PutOption.NEW_MSG_ID || isZeroId(descriptor, Field.MsgId))
    identifiers.write(descriptor, Field.MsgId);
  if (options & PutOption.NEW_CORREL_ID) identifiers.write(descriptor, Field.CorrelId);
  const isBlank = (field: number) => readName(descriptor, field, NAME_LENGTH) === '';
  if (!isBlank(Field.ReplyToQ) && isBlank(Field.ReplyToQMgr)) {
    writeName(descriptor, Field.ReplyToQMgr, NAME_LENGTH, identifiers.queueManager);
  }
  setContext(descriptor, options, origin, saved);
  const expiry = descriptor.readInt32LE(Field.Expiry);
  return {
    descriptor,
    persistent: persistence === PERSISTENT,
    priority: Math.min(priority, MAX_PRIORITY),
    expiry: expiry === -1 ? 0 : Date.now() + expiry * 100,
    warning,
  };
}

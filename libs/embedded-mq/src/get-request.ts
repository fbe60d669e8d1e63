import { hasSeveral } from './flags.js';
import { Field, hashId, ID_LENGTH, isZeroId } from './message-descriptor.js';
import type { MessageIndex } from './message-index.js';
import { GetOption, MatchOption, Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import type { PayloadReader } from './protocol.js';

export const WAIT_UNLIMITED = -1;
/** The buffer length of a get that takes a message of any length. */
export const ANY_LENGTH = -1;
export const TOKEN_LENGTH = 16;

const known = Object.values(GetOption).reduce((all, option) => all | option, 0);
const notImplemented =
  GetOption.SET_SIGNAL |
  GetOption.MARK_SKIP_BACKOUT |
  GetOption.LOGICAL_ORDER |
  GetOption.COMPLETE_MSG |
  GetOption.ALL_MSGS_AVAILABLE |
  GetOption.ALL_SEGMENTS_AVAILABLE |
  GetOption.MARK_BROWSE_HANDLE |
  GetOption.MARK_BROWSE_CO_OP |
  GetOption.UNMARK_BROWSE_CO_OP |
  GetOption.UNMARK_BROWSE_HANDLE |
  GetOption.UNMARKED_BROWSE_MSG |
  GetOption.LOCK |
  GetOption.UNLOCK;
const browse = GetOption.BROWSE_FIRST | GetOption.BROWSE_NEXT | GetOption.BROWSE_MSG_UNDER_CURSOR;
const syncpoint = GetOption.SYNCPOINT | GetOption.SYNCPOINT_IF_PERSISTENT | GetOption.NO_SYNCPOINT;
const properties =
  GetOption.PROPERTIES_FORCE_MQRFH2 |
  GetOption.NO_PROPERTIES |
  GetOption.PROPERTIES_IN_HANDLE |
  GetOption.PROPERTIES_COMPATIBILITY;
const notImplementedMatch = MatchOption.MATCH_MSG_SEQ_NUMBER | MatchOption.MATCH_OFFSET;
const knownMatch = Object.values(MatchOption).reduce((all, option) => all | option, 0);

/** What one MQGET, or each delivery of a consumer, asks for. */
export class GetRequest {
  private constructor(
    readonly object: number,
    readonly options: number,
    /** ms, or WAIT_UNLIMITED */
    readonly waitInterval: number,
    private readonly match: number,
    /** Whether the caller has a message handle for the properties. */
    readonly hasHandle: boolean,
    /** Or ANY_LENGTH. */
    readonly bufferLength: number,
    private readonly token: Buffer,
    private readonly descriptor: Buffer,
  ) {}

  static read(reader: PayloadReader, descriptorLength: number): GetRequest {
    return new GetRequest(
      reader.int32(),
      reader.int32(),
      reader.int32(),
      reader.int32(),
      reader.int32() !== 0,
      reader.int32(),
      Buffer.from(reader.bytes(TOKEN_LENGTH)),
      Buffer.from(reader.bytes(descriptorLength)),
    );
  }

  /** @throws MqiError when options are wrong, contradict each other or are not implemented */
  check(): void {
    const { options } = this;
    if (options & notImplemented) throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
    const positions = options & (browse | GetOption.MSG_UNDER_CURSOR);
    const conflicts =
      hasSeveral(positions) || hasSeveral(options & syncpoint) || hasSeveral(options & properties);
    if (conflicts || options & ~known) throw new MqiError(Reason.OPTIONS_ERROR);
    if (this.browses && options & (GetOption.SYNCPOINT | GetOption.SYNCPOINT_IF_PERSISTENT)) {
      throw new MqiError(Reason.OPTIONS_ERROR);
    }
    if (this.waits && this.waitInterval < WAIT_UNLIMITED) throw new MqiError(Reason.WAIT_INTERVAL_ERROR);
    if (this.match & notImplementedMatch) throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
    if (this.match & ~knownMatch) throw new MqiError(Reason.MATCH_OPTIONS_ERROR);
  }

  has(option: number): boolean {
    return (this.options & option) !== 0;
  }

  /** The CCSID in which MQGMO_CONVERT wants text; 0 for the queue manager's. */
  get targetCcsid(): number {
    return this.descriptor.readInt32LE(Field.CodedCharSetId);
  }

  get waits(): boolean {
    return this.has(GetOption.WAIT);
  }

  get browses(): boolean {
    return this.has(browse);
  }

  /** Whether a message with this persistence is got in the unit of work. */
  inSyncpoint(persistent: boolean): boolean {
    return this.has(GetOption.SYNCPOINT) || (persistent && this.has(GetOption.SYNCPOINT_IF_PERSISTENT));
  }

  /**
   * A test for the messages that the match options allow.
   *
   * @param descriptorOf reads a message's descriptor; called only for messages whose hashes agree
   */
  matcher(index: MessageIndex, descriptorOf: (row: number) => Buffer): (row: number) => boolean {
    const tests: ((row: number) => boolean)[] = [];
    const identifier = (option: number, field: number, hashes?: () => Int32Array) => {
      // MQMI_NONE, MQCI_NONE and MQGI_NONE stand for any.
      if (!(this.match & option) || isZeroId(this.descriptor, field)) return;
      const wanted = this.descriptor.subarray(field, field + ID_LENGTH);
      const hash = hashId(this.descriptor, field);
      tests.push(
        (row) =>
          (hashes === undefined || hashes()[row] === hash) &&
          descriptorOf(row).compare(wanted, 0, ID_LENGTH, field, field + ID_LENGTH) === 0,
      );
    };
    identifier(MatchOption.MATCH_MSG_ID, Field.MsgId, () => index.messageId);
    identifier(MatchOption.MATCH_CORREL_ID, Field.CorrelId, () => index.correlationId);
    identifier(MatchOption.MATCH_GROUP_ID, Field.GroupId);
    if (this.match & MatchOption.MATCH_MSG_TOKEN) {
      const sequence = this.token.readDoubleLE(0);
      tests.push((row) => index.sequence[row] === sequence);
    }
    return (row) => tests.every((test) => test(row));
  }
}

/** The token by which MQMO_MATCH_MSG_TOKEN finds a message again. */
export function messageToken(sequence: number): Buffer {
  const token = Buffer.alloc(TOKEN_LENGTH);
  token.writeDoubleLE(sequence, 0);
  return token;
}

import { GetOption, MATCH_MSG_ID, MATCH_NONE } from '../mqi/constants.js';
import type { MQError, ObjectHandle } from '../mqi/ibmmq.js';
import { Reason } from '../mqi/reason-codes.js';
import type { ConnectionParts, Received } from './input-queue.js';

const READ = GetOption.FAIL_IF_QUIESCING | GetOption.PROPERTIES_FORCE_MQRFH2;
const INITIAL_BUFFER = 64 * 1024;

/** A queue whose messages are looked at one after the other; the one under the cursor can be taken. Nothing is converted. */
export class BrowsedQueue {
  readonly #parts: ConnectionParts;
  readonly #handle: ObjectHandle;
  readonly #name: string;
  readonly #messageId: Buffer | undefined;
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BUFFER);
  #position: number = GetOption.BROWSE_FIRST;

  /** @param messageId of the messages to look at; all others are passed over */
  constructor(parts: ConnectionParts, handle: ObjectHandle, name: string, messageId?: Buffer) {
    this.#parts = parts;
    this.#handle = handle;
    this.#name = name;
    this.#messageId = messageId;
  }

  /** Moves the cursor to the next message; undefined at the end of the queue. */
  next(): Received | undefined {
    const received = this.#get(this.#position | READ);
    this.#position = GetOption.BROWSE_NEXT;
    return received;
  }

  /** Takes the message under the cursor into the unit of work; undefined when somebody else has it by now. */
  take(): Received | undefined {
    return this.#get(GetOption.MSG_UNDER_CURSOR | GetOption.SYNCPOINT | READ);
  }

  /** Never throws: on a connection that is lost there is nothing left to close. */
  close(): void {
    try {
      this.#parts.mqi.CloseSync(this.#handle, 0);
    } catch {
      // The connection is gone.
    }
  }

  #get(options: number): Received | undefined {
    const { mqi, verbs } = this.#parts;
    const getOptions = new mqi.MQGMO();
    getOptions.Options = options;
    const wanted = (options & GetOption.MSG_UNDER_CURSOR) === 0 ? this.#messageId : undefined;
    getOptions.MatchOptions = wanted ? MATCH_MSG_ID : MATCH_NONE;
    for (;;) {
      const descriptor = new mqi.MQMD();
      if (wanted) descriptor.MsgId = Buffer.from(wanted);
      let result: { error: MQError | undefined; length: number } = { error: undefined, length: 0 };
      verbs.call('MQGET', this.#name, () =>
        mqi.GetSync(this.#handle, descriptor, getOptions, this.#buffer, (error, length) => {
          result = { error: error ?? undefined, length };
        }),
      );
      const { error, length } = result;
      if (!error) return { descriptor, data: Buffer.from(this.#buffer.subarray(0, length)) };
      if (error.mqrc === Reason.NO_MSG_AVAILABLE || error.mqrc === Reason.NO_MSG_UNDER_CURSOR)
        return undefined;
      // The cursor has not moved.
      if (error.mqrc !== Reason.TRUNCATED_MSG_FAILED) throw verbs.failed(error, 'MQGET', this.#name);
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#buffer.length));
    }
  }
}

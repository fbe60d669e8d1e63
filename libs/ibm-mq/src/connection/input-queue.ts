import { LITTLE_ENDIAN, UTF_8 } from '../message/rfh2.js';
import { callbackForgotten, callbackRegistered } from '../mqi/callbacks.js';
import { CompletionCode, ControlOperation, GetOption, MATCH_NONE, WAIT_UNLIMITED } from '../mqi/constants.js';
import type { MQError, MQGMO, MQMD, Mqi, ObjectHandle, QueueManagerHandle } from '../mqi/ibmmq.js';
import { Reason } from '../mqi/reason-codes.js';
import type { VerbCaller } from '../mqi/verb-caller.js';

/** Which messages of a queue are taken. */
export interface InputOptions {
  /** SQL 92 condition on message properties; other messages stay on the queue. */
  readonly selector?: string;
  /** Whether messages of a group come only when all are there, and in the order of the group. Default false. */
  readonly inGroups?: boolean;
}

/** What MQGET or a callback brought. `warning` is the reason why the data could not be converted. */
export interface Received {
  readonly descriptor: MQMD;
  readonly data: Buffer;
  readonly warning?: number;
}

/**
 * What a callback brings: a message; `unseen` for a message that was taken, but that the package withholds because
 * it came with a warning: it must be backed out; or an event, such as the loss of the connection.
 */
export type Arrival =
  | ({ readonly kind: 'message' } & Received)
  | { readonly kind: 'unseen' }
  | { readonly kind: 'event'; readonly error: Error };

const GET_OPTIONS =
  GetOption.SYNCPOINT | GetOption.FAIL_IF_QUIESCING | GetOption.CONVERT | GetOption.PROPERTIES_FORCE_MQRFH2;
const INITIAL_BUFFER = 64 * 1024;
const LARGEST_KEPT_BUFFER = 4 * 1024 * 1024;

/** Where gets put their data, which is copied out before the next: one for all connections will do. */
let buffer = Buffer.allocUnsafeSlow(INITIAL_BUFFER);

/** What verbs on a connection need. */
export interface ConnectionParts {
  readonly mqi: Mqi;
  readonly verbs: VerbCaller;
  readonly queueManager: QueueManagerHandle;
}

/** The queue that a connection takes messages from, in its unit of work. */
export class InputQueue {
  /** The name as it was asked for, or of the dynamic queue that a model queue became. */
  readonly name: string;
  readonly #mqi: Mqi;
  readonly #verbs: VerbCaller;
  readonly #queueManager: QueueManagerHandle;
  readonly #handle: ObjectHandle;
  readonly #getOptions: MQGMO;
  #consumption: 'stopped' | 'suspended' | 'started' = 'stopped';
  #spareDescriptor: MQMD | undefined;

  /**
   * Registers `arrived` as the callback for `resume`.
   *
   * @throws IbmMqError
   */
  constructor(
    { mqi, verbs, queueManager }: ConnectionParts,
    handle: ObjectHandle,
    name: string,
    { inGroups = false }: InputOptions,
    arrived: (arrival: Arrival) => void,
  ) {
    this.#mqi = mqi;
    this.#verbs = verbs;
    this.#queueManager = queueManager;
    this.#handle = handle;
    this.name = name;
    this.#getOptions = new mqi.MQGMO();
    this.#getOptions.Options =
      GET_OPTIONS | (inGroups ? GetOption.LOGICAL_ORDER | GetOption.ALL_MSGS_AVAILABLE : 0);
    this.#getOptions.MatchOptions = MATCH_NONE;
    this.#register(arrived);
  }

  #register(arrived: (arrival: Arrival) => void): void {
    const options = new this.#mqi.MQGMO();
    options.Options = this.#getOptions.Options | GetOption.WAIT;
    options.WaitInterval = WAIT_UNLIMITED;
    options.MatchOptions = MATCH_NONE;
    // A failure to register is told through the callback, before Get returns.
    let registering = true;
    let refusal: MQError | undefined;
    callbackRegistered(this);
    try {
      this.#verbs.call('MQCB', this.name, () =>
        this.#mqi.Get(
          this.#handle,
          convertible(new this.#mqi.MQMD()),
          options,
          (error, _object, _options, descriptor, data) => {
            if (registering) refusal = error;
            else arrived(this.#arrival(error, descriptor, data));
          },
        ),
      );
      registering = false;
      if (refusal) throw this.#verbs.failed(refusal, 'MQCB', this.name);
    } catch (error) {
      this.#forgetCallback();
      throw error;
    }
  }

  #arrival(error: MQError | undefined, descriptor: MQMD, data: Buffer | null): Arrival {
    // The memory of `data` is only lent.
    if (!error) return { kind: 'message', descriptor, data: Buffer.from(data ?? []) };
    if (error.mqcc === CompletionCode.WARNING) return { kind: 'unseen' };
    return { kind: 'event', error: this.#verbs.failed(error, 'MQGET', this.name) };
  }

  /** Lets the callback be called with the next message, or with an event; after either, consumption is suspended. */
  resume(): void {
    this.#control(this.#consumption === 'stopped' ? ControlOperation.START : ControlOperation.RESUME);
    this.#consumption = 'started';
  }

  /**
   * Suspends consumption. On return no callback runs and none will start; what a callback has already handed to the
   * event loop may still arrive.
   */
  suspend(): void {
    if (this.#consumption !== 'started') return;
    this.#consumption = 'suspended';
    this.#control(ControlOperation.SUSPEND);
  }

  /** Takes the next message if there is one, in the unit of work. Consumption must be suspended. */
  take(): Received | undefined {
    for (let size = buffer.length; ;) {
      const into = bufferOf(size);
      const descriptor = convertible((this.#spareDescriptor ??= new this.#mqi.MQMD()));
      const { error, length } = this.#get(descriptor, into);
      if (error?.mqrc === Reason.TRUNCATED_MSG_FAILED) {
        size = Math.max(length, 2 * into.length);
        continue;
      }
      if (error?.mqrc === Reason.NO_MSG_AVAILABLE) return undefined;
      this.#spareDescriptor = undefined;
      if (error?.mqcc === CompletionCode.FAILED) throw this.#verbs.failed(error, 'MQGET', this.name);
      return { descriptor, data: Buffer.from(into.subarray(0, length)), warning: error?.mqrc };
    }
  }

  #get(descriptor: MQMD, into: Buffer): { error: MQError | undefined; length: number } {
    let result: { error: MQError | undefined; length: number } = { error: undefined, length: 0 };
    this.#verbs.call('MQGET', this.name, () =>
      this.#mqi.GetSync(this.#handle, descriptor, this.#getOptions, into, (error, length) => {
        result = { error: error ?? undefined, length };
      }),
    );
    return result;
  }

  /**
   * Forgets the callback and closes the queue; what is uncommitted must be backed out before. Never throws: on a
   * connection that is lost there is nothing left to close.
   */
  close(): void {
    this.#attempt(() => this.suspend());
    this.#forgetCallback();
    this.#attempt(() => this.#mqi.CloseSync(this.#handle, 0));
    // The package resumes consumption when it forgets a callback or closes an object.
    this.#consumption = 'stopped';
    this.#attempt(() => this.#mqi.Ctl(this.#queueManager, ControlOperation.STOP));
  }

  #forgetCallback(): void {
    this.#attempt(() => this.#mqi.GetDone(this.#handle));
    callbackForgotten(this);
  }

  #attempt(run: () => void): void {
    try {
      run();
    } catch {
      // The connection is gone, or there was nothing to do.
    }
  }

  #control(operation: number): void {
    this.#verbs.call('MQCTL', this.name, () => this.#mqi.Ctl(this.#queueManager, operation));
  }
}

/** Says what MQGMO_CONVERT is to convert to. */
function convertible(descriptor: MQMD): MQMD {
  descriptor.CodedCharSetId = UTF_8;
  descriptor.Encoding = LITTLE_ENDIAN;
  return descriptor;
}

function bufferOf(size: number): Buffer {
  if (size <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(size);
  if (size <= LARGEST_KEPT_BUFFER) buffer = larger;
  return larger;
}

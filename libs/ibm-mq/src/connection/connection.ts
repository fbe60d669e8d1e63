import { whenNoCallbacks } from '../mqi/callbacks.js';
import { ObjectType, OpenOption, PutOption, Selector } from '../mqi/constants.js';
import type { MQCNO, MQMD, MQOD, Mqi, MQPMO, ObjectHandle, QueueManagerHandle } from '../mqi/ibmmq.js';
import { translate, VerbCaller } from '../mqi/verb-caller.js';
import { BrowsedQueue } from './browsed-queue.js';
import { InputQueue, type Arrival, type InputOptions } from './input-queue.js';

/** A queue to put to. */
export interface Destination {
  readonly queue: string;
  readonly queueManager?: string;
}

/** A queue opened for output; undefined `handle` means that each put opens and closes it (MQPUT1). */
export interface Output {
  readonly destination: Destination;
  readonly keepsContext: boolean;
  readonly handle: ObjectHandle | undefined;
}

/** Handles kept open per connection; further destinations, such as many reply queues, are put to by MQPUT1. */
const MOST_OUTPUTS = 32;

/**
 * One connection handle (hConn) and the verbs on it. All but connecting run on the JavaScript thread and return when
 * the queue manager has answered. Commits can be had no other way; for puts it takes about half the CPU time of handing
 * each to a thread of libuv's pool (measured), and TimeSlice keeps the event loop turning; opening and closing touch
 * state of the package that is not safe for other threads.
 *
 * Verbs throw IbmMqError. One that says the connection is gone aborts `lost`.
 */
export class Connection {
  /** The queue manager and its address, for messages. */
  readonly name: string;
  readonly mqi: Mqi;
  readonly #verbs = new VerbCaller();
  readonly #handle: QueueManagerHandle;
  readonly #outputs = new Map<string, Output>();
  readonly #putOptions: MQPMO;
  #queueManager: ObjectHandle | undefined;
  #input: InputQueue | undefined;
  #closed = false;

  private constructor(mqi: Mqi, handle: QueueManagerHandle, name: string) {
    this.mqi = mqi;
    this.#handle = handle;
    this.name = name;
    this.#putOptions = new mqi.MQPMO();
  }

  /** @param address for messages, where the queue manager is expected */
  static async connect(mqi: Mqi, queueManager: string, options: MQCNO, address: string): Promise<Connection> {
    const name = queueManager === '' ? address : `${queueManager} at ${address}`;
    try {
      return new Connection(mqi, await mqi.ConnxPromise(queueManager, options), name);
    } catch (error) {
      throw translate(error, 'MQCONNX', name);
    }
  }

  /** Aborted, with the error as its reason, when the connection turned out to be gone. */
  get lost(): AbortSignal {
    return this.#verbs.lost;
  }

  /**
   * Opens a queue for output and keeps it open, unless many are open already.
   *
   * @param keepsContext whether descriptors are put with the context they hold (who put the message, and when), which
   * needs the authority to set it
   */
  openOutput(destination: Destination, keepsContext = false): Output {
    const key = outputKey(destination, keepsContext);
    const open = this.#outputs.get(key);
    if (open) return open;
    if (!keepsContext && this.#outputs.size >= MOST_OUTPUTS) return transientOutput(destination);
    const context = keepsContext ? OpenOption.SET_ALL_CONTEXT : 0;
    const handle = this.#open(
      this.#descriptorOf(destination),
      OpenOption.OUTPUT | context,
      destination.queue,
    );
    const { queue, queueManager } = destination;
    const output = { destination: { queue, queueManager }, keepsContext, handle };
    this.#outputs.set(key, output);
    return output;
  }

  /** Closes a queue that has to be opened again. Never throws. */
  closeOutput({ destination, keepsContext, handle }: Output): void {
    this.#outputs.delete(outputKey(destination, keepsContext));
    // The package resumes consumption when it closes an object: on a connection that consumes, it stays open.
    if (!handle || this.#input) return;
    try {
      this.#close(handle, destination.queue);
    } catch {
      // A handle that is stale may be gone already.
    }
  }

  /**
   * Puts a message in the unit of work. The queue manager completes the descriptor, for example with the message id
   * when it holds none.
   */
  put({ destination, handle, keepsContext }: Output, descriptor: MQMD, data: Buffer): void {
    const { mqi } = this;
    const options = this.#putOptions;
    options.Options =
      PutOption.SYNCPOINT |
      PutOption.FAIL_IF_QUIESCING |
      (keepsContext ? PutOption.SET_ALL_CONTEXT : 0) |
      (descriptor.MsgId.every((byte) => byte === 0) ? PutOption.NEW_MSG_ID : 0);
    if (handle) {
      this.#verbs.call('MQPUT', destination.queue, () => mqi.PutSync(handle, descriptor, options, data));
    } else {
      const object = this.#descriptorOf(destination);
      this.#verbs.call('MQPUT1', destination.queue, () =>
        mqi.Put1Sync(this.#handle, object, descriptor, options, data),
      );
    }
  }

  /** Opens the one queue that this connection takes messages from; `arrived` is the callback for its `resume`. */
  openInput(queue: string, options: InputOptions, arrived: (arrival: Arrival) => void): InputQueue {
    const descriptor = this.#descriptorOf({ queue });
    if (options.selector !== undefined) descriptor.SelectionString = options.selector;
    const handle = this.#open(descriptor, OpenOption.INPUT_AS_Q_DEF, queue);
    const name = descriptor.ObjectName?.trimEnd() || queue;
    try {
      const parts = { mqi: this.mqi, verbs: this.#verbs, queueManager: this.#handle };
      this.#input = new InputQueue(parts, handle, name, options, arrived);
    } catch (error) {
      this.#close(handle, queue);
      throw error;
    }
    return this.#input;
  }

  /**
   * Opens a queue to look at its messages, or at those with one id, and to take some of them; the caller closes it. Not
   * on a connection that consumes, see `closeOutput`.
   */
  openBrowse(queue: string, messageId?: Buffer): BrowsedQueue {
    const options = OpenOption.BROWSE | OpenOption.INPUT_SHARED;
    const handle = this.#open(this.#descriptorOf({ queue }), options, queue);
    const parts = { mqi: this.mqi, verbs: this.#verbs, queueManager: this.#handle };
    return new BrowsedQueue(parts, handle, queue, messageId);
  }

  /** Backs out what is uncommitted and closes the queue that messages are taken from; the connection is free again. */
  closeInput(): void {
    if (!this.#input) return;
    try {
      this.#input.suspend();
      this.back();
    } catch {
      // A connection that is lost has backed out; another was never started.
    }
    this.#input.close();
    this.#input = undefined;
  }

  /** @throws IbmMqError `inDoubt` when the connection was lost before the answer came. */
  commit(): void {
    this.#verbs.call('MQCMIT', this.name, () => this.mqi.Cmit(this.#handle));
  }

  back(): void {
    this.#verbs.call('MQBACK', this.name, () => this.mqi.Back(this.#handle));
  }

  /**
   * The values of attributes of a queue, which is opened and closed for it. Not for a connection that consumes, see
   * `closeOutput`.
   */
  inquireQueue(queue: string, selectors: readonly number[]): (number | string)[] {
    const handle = this.#open(this.#descriptorOf({ queue }), OpenOption.INQUIRE, queue);
    try {
      return this.#inquire(handle, queue, selectors);
    } finally {
      this.#close(handle, queue);
    }
  }

  /** The values of attributes of the queue manager; really asks it. */
  inquireQueueManager(selectors: readonly number[]): (number | string)[] {
    if (!this.#queueManager) {
      const descriptor = new this.mqi.MQOD();
      descriptor.ObjectType = ObjectType.QUEUE_MANAGER;
      this.#queueManager = this.#open(descriptor, OpenOption.INQUIRE, this.name);
    }
    return this.#inquire(this.#queueManager, this.name, selectors);
  }

  /** Really asks the queue manager for something: its name. */
  ping(): void {
    this.inquireQueueManager([Selector.Q_MGR_NAME]);
  }

  /** Backs out what is uncommitted and disconnects, now or when that is safe (see callbacks). Never throws. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.closeInput();
    try {
      // MQDISC would commit.
      if (!this.lost.aborted) this.back();
    } catch {
      // The connection is lost, which backs out, too.
    }
    whenNoCallbacks(() => {
      try {
        this.mqi.DiscSync(this.#handle);
      } catch {
        // The connection was lost; what it held in this process is freed all the same.
      }
    });
  }

  #inquire(handle: ObjectHandle, object: string, selectors: readonly number[]): (number | string)[] {
    const attributes = selectors.map((selector) => new this.mqi.MQAttr(selector));
    this.#verbs.call('MQINQ', object, () => this.mqi.Inq(handle, attributes));
    return attributes.map(({ value }) => (typeof value === 'string' ? value.trimEnd() : value));
  }

  #descriptorOf({ queue, queueManager }: Destination): MQOD {
    const descriptor = new this.mqi.MQOD();
    descriptor.ObjectType = ObjectType.QUEUE;
    descriptor.ObjectName = queue;
    if (queueManager !== undefined) descriptor.ObjectQMgrName = queueManager;
    return descriptor;
  }

  #open(descriptor: MQOD, options: number, object: string): ObjectHandle {
    let opened: ObjectHandle | undefined;
    this.#verbs.call('MQOPEN', object, () =>
      this.mqi.OpenSync(this.#handle, descriptor, options | OpenOption.FAIL_IF_QUIESCING, (error, handle) => {
        if (error) throw error;
        opened = handle;
      }),
    );
    return opened as ObjectHandle;
  }

  #close(handle: ObjectHandle, object: string): void {
    this.#verbs.call('MQCLOSE', object, () => this.mqi.CloseSync(handle, 0));
  }
}

/** A queue that is opened and closed with each put (MQPUT1), for one that may not stay, such as a reply queue. */
export function transientOutput(destination: Destination): Output {
  return { destination, keepsContext: false, handle: undefined };
}

function outputKey({ queue, queueManager = '' }: Destination, keepsContext: boolean): string {
  return `${keepsContext ? '!' : ''}${queueManager}/${queue}`;
}

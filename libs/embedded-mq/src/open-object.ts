import { hasSeveral } from './flags.js';
import { OpenOption, Reason } from './mqi-constants.js';
import { NONE } from './message-index.js';
import { MqiError } from './mqi-error.js';
import type { QueueDefinition } from './objects.js';
import type { SavedContext } from './put-request.js';
import type { Cursor, Queue } from './queue.js';
import type { Lookup } from './selector.js';

const known = Object.values(OpenOption).reduce((all, option) => all | option, 0);
const input = OpenOption.INPUT_AS_Q_DEF | OpenOption.INPUT_SHARED | OpenOption.INPUT_EXCLUSIVE;
const binding = OpenOption.BIND_ON_OPEN | OpenOption.BIND_ON_GROUP | OpenOption.BIND_NOT_FIXED;
const readAhead = OpenOption.NO_READ_AHEAD | OpenOption.READ_AHEAD;
const access =
  input |
  OpenOption.BROWSE |
  OpenOption.OUTPUT |
  OpenOption.INQUIRE |
  OpenOption.SET |
  OpenOption.RESOLVE_NAMES;
const outputOnly =
  OpenOption.PASS_IDENTITY_CONTEXT |
  OpenOption.PASS_ALL_CONTEXT |
  OpenOption.SET_IDENTITY_CONTEXT |
  OpenOption.SET_ALL_CONTEXT;
const queueManagerOptions =
  OpenOption.INQUIRE | OpenOption.FAIL_IF_QUIESCING | OpenOption.ALTERNATE_USER_AUTHORITY;

/** @throws MqiError when the options of MQOPEN are wrong for a queue */
export function checkQueueOptions(options: number): void {
  const conflicts =
    hasSeveral(options & input) || hasSeveral(options & binding) || hasSeveral(options & readAhead);
  const unfounded =
    (options & outputOnly && !(options & OpenOption.OUTPUT)) ||
    (options & OpenOption.SAVE_ALL_CONTEXT && !(options & input));
  if (!(options & access) || options & ~known || conflicts || unfounded)
    throw new MqiError(Reason.OPTIONS_ERROR);
  if (options & OpenOption.CO_OP) throw new MqiError(Reason.FUNCTION_NOT_SUPPORTED);
}

/** @throws MqiError when the options of MQOPEN are wrong for the queue manager */
export function checkQueueManagerOptions(options: number): void {
  if (options & ~known || !(options & access)) throw new MqiError(Reason.OPTIONS_ERROR);
  if (options & ~queueManagerOptions) throw new MqiError(Reason.OPTION_NOT_VALID_FOR_TYPE);
}

/** Whether a message with these properties is one of those that are wanted. */
export type Selector = (lookup: Lookup) => boolean;

/** What a connection has open under one object handle. */
export class OpenObject {
  readonly cursor: Cursor = { row: NONE, sequence: 0, priority: 9 };
  hasCursor = false;
  /** Of the message that was got last, when the queue is open for MQOO_SAVE_ALL_CONTEXT. */
  savedContext: SavedContext;

  constructor(
    readonly handle: number,
    readonly options: number,
    /** Undefined for the queue manager itself. */
    readonly queue: Queue | undefined,
    /** The definition that was named: the queue's own, or an alias. */
    readonly named: QueueDefinition | undefined,
    /** Which messages gets see; all of them when undefined. */
    readonly selector: Selector | undefined,
  ) {}

  has(option: number): boolean {
    return (this.options & option) !== 0;
  }

  get forInput(): boolean {
    return this.has(input);
  }

  /** The queue, for a verb that needs the handle to be open for `option`. */
  queueFor(option: number, refusal: number): Queue {
    if (!this.queue || !this.has(option)) throw new MqiError(refusal);
    return this.queue;
  }

  /** Whether the alias by which the queue was opened, if any, forbids it. */
  aliasInhibits(attribute: 'PUT' | 'GET'): boolean {
    return this.named?.type === 'QALIAS' && this.named.attributes[attribute] === 1;
  }

  /** Claims the queue. @throws MqiError when somebody has it for himself */
  acquire(): void {
    const { queue } = this;
    if (!queue) return;
    if (this.forInput) {
      const exclusive = this.asksForExclusive(queue);
      if (queue.exclusive || (exclusive && queue.openForInput > 0)) throw new MqiError(Reason.OBJECT_IN_USE);
      queue.exclusive = exclusive;
      queue.openForInput++;
    }
    if (this.has(OpenOption.OUTPUT)) queue.openForOutput++;
  }

  private asksForExclusive(queue: Queue): boolean {
    if (this.has(OpenOption.INPUT_EXCLUSIVE) || queue.attributes.SHARE === 0) return true;
    return this.has(OpenOption.INPUT_AS_Q_DEF) && queue.attributes.DEFSOPT === OpenOption.INPUT_EXCLUSIVE;
  }

  release(): void {
    const { queue } = this;
    if (!queue) return;
    if (this.forInput) {
      queue.openForInput--;
      queue.exclusive = false;
    }
    if (this.has(OpenOption.OUTPUT)) queue.openForOutput--;
  }
}

import {
  GetOption,
  MATCH_NONE,
  ObjectType,
  OpenOption,
  PutOption,
} from '../../../libs/ibm-mq/src/mqi/constants.js';
import {
  loadIbmmq,
  type MQError,
  type ObjectHandle,
  type QueueManagerHandle,
} from '../../../libs/ibm-mq/src/mqi/ibmmq.js';
import { Reason } from '../../../libs/ibm-mq/src/mqi/reason-codes.js';
import { bodyOf, clock, type Content } from '../message.js';
import { Tally, type Count } from '../tally.js';
import { serve } from './serve.js';

/** One connection that puts and gets with the verbs of `ibmmq` and nothing in between. */
const mqi = loadIbmmq();
const STRING = 'MQSTR';
const PERSISTENT = 1;
let connection: QueueManagerHandle;
let output: ObjectHandle;
let input: ObjectHandle;
let buffer: Buffer;

// The package makes an Error at each call, whose stack would be the larger part of its cost; the transport does the same.
Error.stackTraceLimit = 0;

/** Messages in a time, in milliseconds of `clock()`. */
export interface Span {
  readonly messages: number;
  readonly begun: number;
  readonly ended: number;
}

function open(queue: string, options: number): ObjectHandle {
  const descriptor = new mqi.MQOD();
  descriptor.ObjectType = ObjectType.QUEUE;
  descriptor.ObjectName = queue;
  let opened: ObjectHandle | undefined;
  mqi.OpenSync(connection, descriptor, options, (error, handle) => {
    if (error) throw error;
    opened = handle;
  });
  return opened as ObjectHandle;
}

/** Whether there was a message. */
function get(into: Tally): boolean {
  const options = new mqi.MQGMO();
  options.Options = GetOption.SYNCPOINT;
  options.MatchOptions = MATCH_NONE;
  let failed: MQError | null = null;
  let read = 0;
  mqi.GetSync(input, new mqi.MQMD(), options, buffer, (error, length) => {
    failed = error;
    read = length;
  });
  const reason = (failed as MQError | null)?.mqrc ?? Reason.NONE;
  if (reason === Reason.NO_MSG_AVAILABLE) return false;
  if (failed) throw failed as MQError;
  const { stream, number } = JSON.parse(buffer.toString('utf8', 0, read)) as Content;
  into.add(stream, number);
  return true;
}

const methods = {
  async connect({ queue, size }: { queue: string; size: number }): Promise<void> {
    connection = await mqi.ConnxPromise('', new mqi.MQCNO());
    output = open(queue, OpenOption.OUTPUT);
    input = open(queue, OpenOption.INPUT_AS_Q_DEF);
    buffer = Buffer.alloc(2 * size);
  },

  /** Puts for so many seconds, in units of work. */
  put(options: { stream: number; size: number; unit: number; seconds: number }): Span {
    const { stream, size, unit, seconds } = options;
    const putOptions = new mqi.MQPMO();
    putOptions.Options = PutOption.SYNCPOINT | PutOption.NEW_MSG_ID;
    const begun = clock();
    let messages = 0;
    let ended = begun;
    while (ended - begun < seconds * 1_000) {
      for (let i = 0; i < unit; i++) {
        const descriptor = new mqi.MQMD();
        descriptor.Format = STRING;
        descriptor.Persistence = PERSISTENT;
        mqi.PutSync(output, descriptor, putOptions, Buffer.from(bodyOf(stream, messages++, size)));
      }
      mqi.Cmit(connection);
      ended = clock();
    }
    return { messages, begun, ended };
  },

  /** Gets in units of work until the queue is empty. */
  get({ unit }: { unit: number }): Span & { count: Count } {
    const tally = new Tally();
    const begun = clock();
    let [messages, ended] = [0, begun];
    for (let more = true; more;) {
      let taken = 0;
      while (taken < unit && (more = get(tally))) taken++;
      if (taken === 0) break;
      mqi.Cmit(connection);
      messages += taken;
      ended = clock();
    }
    return { messages, begun, ended, count: tally.count };
  },
};

export type MqiClient = typeof methods;
serve(methods);

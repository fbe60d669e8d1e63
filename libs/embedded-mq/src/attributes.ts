/**
 * The attributes of queues and of the queue manager: their MQSC keywords, the values these take, and the
 * selectors by which MQINQ and MQSET reach them. One table serves all three.
 */
import { CharacterAttribute as Char, IntegerAttribute as Int, Property } from './mqi-constants.js';

export type Value = number | string;
export type Attributes = Record<string, Value>;

export interface Definition {
  keyword: string;
  /** The initial value; its type is the attribute's. */
  initial: Value;
  selector?: number;
  /** Characters, of a text attribute. */
  length?: number;
  /** The words an integer attribute takes in MQSC: KEYWORD(WORD). Without them it takes a number. */
  words?: Record<string, number>;
  /** The words that set it on their own: SHARE, NOSHARE. */
  flags?: Record<string, number>;
  min?: number;
  max?: number;
  /** Whether MQSET may change it. */
  settable?: boolean;
  /** Whether the stand-in only stores it. */
  inert?: boolean;
}

const enabled = { ENABLED: 0, DISABLED: 1 };
const propertyControl = {
  COMPAT: Property.COMPATIBILITY,
  NONE: Property.NONE,
  ALL: Property.ALL,
  FORCE: Property.FORCE_MQRFH2,
  V6COMPAT: Property.V6COMPAT,
};
const text = (
  keyword: string,
  length: number,
  selector?: number,
  more: Partial<Definition> = {},
): Definition => ({
  keyword,
  length,
  initial: '',
  ...(selector === undefined ? {} : { selector }),
  ...more,
});

const inAllQueues: Definition[] = [
  text('DESCR', 64, Char.Q_DESC),
  { keyword: 'PUT', initial: 0, words: enabled, selector: Int.INHIBIT_PUT, settable: true },
  { keyword: 'GET', initial: 0, words: enabled, selector: Int.INHIBIT_GET, settable: true },
  { keyword: 'DEFPRTY', initial: 0, selector: Int.DEF_PRIORITY, min: 0, max: 9 },
  { keyword: 'DEFPSIST', initial: 0, words: { NO: 0, YES: 1 }, selector: Int.DEF_PERSISTENCE },
  { keyword: 'PROPCTL', initial: 0, words: propertyControl, selector: Int.PROPERTY_CONTROL },
  {
    keyword: 'DEFBIND',
    initial: 0,
    words: { OPEN: 0, NOTFIXED: 1, GROUP: 2 },
    selector: Int.DEF_BIND,
    inert: true,
  },
  {
    keyword: 'DEFPRESP',
    initial: 1,
    words: { SYNC: 1, ASYNC: 2 },
    selector: Int.DEF_PUT_RESPONSE_TYPE,
    inert: true,
  },
  {
    keyword: 'DEFREADA',
    initial: 0,
    words: { NO: 0, YES: 1, DISABLED: 2 },
    selector: Int.DEF_READ_AHEAD,
    inert: true,
  },
  text('CLUSTER', 48, Char.CLUSTER_NAME, { inert: true }),
  text('CUSTOM', 128, Char.CUSTOM, { inert: true }),
];

export const localQueueAttributes: readonly Definition[] = [
  ...inAllQueues,
  { keyword: 'MAXDEPTH', initial: 5000, selector: Int.MAX_Q_DEPTH, min: 0, max: 999_999_999 },
  { keyword: 'MAXMSGL', initial: 4_194_304, selector: Int.MAX_MSG_LENGTH, min: 0, max: 104_857_600 },
  { keyword: 'BOTHRESH', initial: 0, selector: Int.BACKOUT_THRESHOLD, min: 0, max: 999_999_999 },
  text('BOQNAME', 48, Char.BACKOUT_REQ_Q_NAME),
  { keyword: 'SHARE', initial: 1, flags: { SHARE: 1, NOSHARE: 0 }, selector: Int.SHAREABILITY },
  {
    keyword: 'DEFSOPT',
    initial: 2,
    words: { SHARED: 2, EXCL: 4 },
    selector: Int.DEF_INPUT_OPEN_OPTION,
  },
  {
    keyword: 'MSGDLVSQ',
    initial: 0,
    words: { PRIORITY: 0, FIFO: 1 },
    selector: Int.MSG_DELIVERY_SEQUENCE,
  },
  {
    keyword: 'HARDENBO',
    initial: 1,
    flags: { HARDENBO: 1, NOHARDENBO: 0 },
    selector: Int.HARDEN_GET_BACKOUT,
    inert: true,
  },
  { keyword: 'USAGE', initial: 0, words: { NORMAL: 0, XMITQ: 1 }, selector: Int.USAGE, inert: true },
  { keyword: 'NPMCLASS', initial: 0, words: { NORMAL: 0, HIGH: 10 }, selector: Int.NPM_CLASS, inert: true },
  { keyword: 'RETINTVL', initial: 999_999_999, selector: Int.RETENTION_INTERVAL, inert: true },
  { keyword: 'QDEPTHHI', initial: 80, selector: Int.Q_DEPTH_HIGH_LIMIT, min: 0, max: 100, inert: true },
  { keyword: 'QDEPTHLO', initial: 20, selector: Int.Q_DEPTH_LOW_LIMIT, min: 0, max: 100, inert: true },
  {
    keyword: 'TRIGGER',
    initial: 0,
    flags: { TRIGGER: 1, NOTRIGGER: 0 },
    selector: Int.TRIGGER_CONTROL,
    settable: true,
    inert: true,
  },
  {
    keyword: 'TRIGTYPE',
    initial: 1,
    words: { NONE: 0, FIRST: 1, EVERY: 2, DEPTH: 3 },
    selector: Int.TRIGGER_TYPE,
    settable: true,
    inert: true,
  },
  { keyword: 'TRIGDPTH', initial: 1, selector: Int.TRIGGER_DEPTH, min: 1, settable: true, inert: true },
  {
    keyword: 'TRIGMPRI',
    initial: 0,
    selector: Int.TRIGGER_MSG_PRIORITY,
    min: 0,
    max: 9,
    settable: true,
    inert: true,
  },
  text('TRIGDATA', 64, Char.TRIGGER_DATA, { settable: true, inert: true }),
  text('PROCESS', 48, Char.PROCESS_NAME, { inert: true }),
  text('INITQ', 48, Char.INITIATION_Q_NAME, { inert: true }),
  {
    keyword: 'DISTL',
    initial: 0,
    words: { NO: 0, YES: 1 },
    selector: Int.DIST_LISTS,
    settable: true,
    inert: true,
  },
];

export const aliasQueueAttributes: readonly Definition[] = [
  ...inAllQueues,
  text('TARGET', 48, Char.BASE_Q_NAME),
];

export const queueManagerAttributes: readonly Definition[] = [
  text('DESCR', 64, Char.Q_MGR_DESC),
  text('DEADQ', 48, Char.DEAD_LETTER_Q_NAME),
  text('DEFXMITQ', 48, Char.DEF_XMIT_Q_NAME, { inert: true }),
  { keyword: 'CCSID', initial: 1208, selector: Int.CODED_CHAR_SET_ID, min: 1, max: 65_535 },
  { keyword: 'MAXMSGL', initial: 4_194_304, selector: Int.MAX_MSG_LENGTH, min: 32_768, max: 104_857_600 },
  { keyword: 'MAXUMSGS', initial: 10_000, selector: Int.MAX_UNCOMMITTED_MSGS, min: 1, max: 999_999_999 },
  { keyword: 'MAXHANDS', initial: 256, selector: Int.MAX_HANDLES, min: 0, max: 999_999_999 },
  text('CONNAUTH', 48, Char.CONN_AUTH),
];

/** Attributes that programs may inquire but nobody sets; `Object` fills the rest in. */
export const fixedQueueManagerAttributes: Readonly<Record<number, Value>> = {
  [Int.COMMAND_LEVEL]: 930,
  [Int.PLATFORM]: 3, // MQPL_UNIX
  [Int.MAX_PRIORITY]: 9,
  [Int.SYNCPOINT]: 1, // MQSP_AVAILABLE
  [Int.DIST_LISTS]: 0,
  [Char.COMMAND_INPUT_Q_NAME]: 'SYSTEM.ADMIN.COMMAND.QUEUE',
  [Char.VERSION]: '09030000',
};

/** The length in characters of a character attribute that has no MQSC keyword here. */
export const fixedLengths: Readonly<Record<number, number>> = {
  [Char.COMMAND_INPUT_Q_NAME]: 48,
  [Char.VERSION]: 8,
  [Char.Q_MGR_NAME]: 48,
  [Char.Q_MGR_IDENTIFIER]: 48,
  [Char.Q_NAME]: 48,
  [Char.CREATION_DATE]: 12,
  [Char.CREATION_TIME]: 8,
};

export function initialAttributes(definitions: readonly Definition[]): Attributes {
  return Object.fromEntries(definitions.map((definition) => [definition.keyword, definition.initial]));
}

/** Which keyword and value an MQSC word means, or why it means nothing. */
export function parseAttribute(
  definitions: readonly Definition[],
  word: string,
  argument: string | undefined,
): { keyword: string; value: Value; inert: boolean } | { problem: string } {
  const flag = definitions.find((definition) => definition.flags && word in definition.flags);
  if (flag) return { keyword: flag.keyword, value: flag.flags![word]!, inert: flag.inert === true };
  const definition = definitions.find((candidate) => candidate.keyword === word && !candidate.flags);
  if (!definition) return { problem: `${word} is not an attribute known here` };
  if (argument === undefined) return { problem: `${word} needs a value in parentheses` };
  const value = parseValue(definition, argument);
  if (value === undefined) return { problem: `${word}(${argument}) is not a valid value` };
  return { keyword: definition.keyword, value, inert: definition.inert === true };
}

function parseValue(definition: Definition, argument: string): Value | undefined {
  if (definition.length !== undefined) return argument.length <= definition.length ? argument : undefined;
  if (definition.words) return definition.words[argument.toUpperCase()];
  const value = Number(argument);
  const { min = -Infinity, max = Infinity } = definition;
  return argument !== '' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}

export function bySelector(definitions: readonly Definition[], selector: number): Definition | undefined {
  return definitions.find((definition) => definition.selector === selector);
}

export function isIntegerSelector(selector: number): boolean {
  return selector >= Int.FIRST && selector <= Int.LAST;
}

export function isCharacterSelector(selector: number): boolean {
  return selector >= Char.FIRST && selector <= Char.LAST;
}

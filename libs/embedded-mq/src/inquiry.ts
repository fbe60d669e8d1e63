/** MQINQ and MQSET: selectors to attribute values and back. */
import {
  aliasQueueAttributes,
  bySelector,
  type Definition,
  fixedLengths,
  fixedQueueManagerAttributes,
  isCharacterSelector,
  isIntegerSelector,
  localQueueAttributes,
  queueManagerAttributes,
  type Value,
} from './attributes.js';
import {
  CharacterAttribute as Char,
  Completion,
  IntegerAttribute as Int,
  QueueType,
  Reason,
} from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import type { Objects, QueueDefinition } from './objects.js';
import type { Queue } from './queue.js';

const NOT_APPLICABLE = -1;
const MAX_SELECTORS = 256;

/** What an open handle can be asked. */
export interface Inquired {
  definitions: readonly Definition[];
  attributes: Record<string, Value>;
  /** Attributes that are not set by MQSC, by selector. */
  others: Readonly<Record<number, Value>>;
}

export function inquiredQueueManager(name: string, objects: Objects): Inquired {
  return {
    definitions: queueManagerAttributes,
    attributes: objects.queueManager,
    others: {
      ...fixedQueueManagerAttributes,
      [Char.Q_MGR_NAME]: name,
      [Char.Q_MGR_IDENTIFIER]: `${name}_orderbridge`,
    },
  };
}

export function inquiredAlias(definition: QueueDefinition): Inquired {
  return {
    definitions: aliasQueueAttributes,
    attributes: definition.attributes,
    others: { [Char.Q_NAME]: definition.name, [Int.Q_TYPE]: QueueType.ALIAS, ...times(definition.created) },
  };
}

export function inquiredQueue(queue: Queue): Inquired {
  return {
    definitions: localQueueAttributes,
    attributes: queue.attributes,
    others: {
      [Char.Q_NAME]: queue.name,
      [Int.Q_TYPE]: QueueType.LOCAL,
      [Int.DEFINITION_TYPE]: 1, // MQQDT_PREDEFINED
      [Int.CURRENT_Q_DEPTH]: queue.depth,
      [Int.OPEN_INPUT_COUNT]: queue.openForInput,
      [Int.OPEN_OUTPUT_COUNT]: queue.openForOutput,
      ...times(queue.created),
    },
  };
}

function times(created: string): Record<number, string> {
  const date = created.slice(0, 10);
  const time = created.slice(11, 19).replaceAll(':', '.');
  return { [Char.CREATION_DATE]: date, [Char.CREATION_TIME]: time };
}

export interface InquiryResult {
  integers: number[];
  /** The character attributes in order, each padded to its length. */
  characters: Buffer;
  /** NONE, or the warning that comes with the values. */
  reason: number;
}

/** @throws MqiError for a selector that no object has */
export function inquire(
  object: Inquired,
  selectors: readonly number[],
  integerRoom: number,
  characterRoom: number,
): InquiryResult {
  const integers: number[] = [];
  const fields: Buffer[] = [];
  let reason: number = Reason.NONE;
  for (const selector of selectors) {
    const value = valueOf(object, selector);
    if (isIntegerSelector(selector)) {
      integers.push(typeof value === 'number' ? value : NOT_APPLICABLE);
    } else {
      fields.push(characterField(value, lengthOf(object, selector)));
    }
    if (value === undefined) reason = Reason.SELECTOR_NOT_FOR_TYPE;
  }
  const characters = Buffer.concat(fields);
  if (reason === Reason.NONE && integers.length > integerRoom) reason = Reason.INT_ATTR_COUNT_TOO_SMALL;
  if (reason === Reason.NONE && characters.length > characterRoom) reason = Reason.CHAR_ATTRS_TOO_SHORT;
  return {
    integers: integers.slice(0, integerRoom),
    characters: characters.subarray(0, characterRoom),
    reason,
  };
}

const everything = [localQueueAttributes, aliasQueueAttributes, queueManagerAttributes];
const allQueues = [localQueueAttributes, aliasQueueAttributes];
const readOnlyOfQueues = new Set<number>([
  Int.Q_TYPE,
  Int.DEFINITION_TYPE,
  Int.CURRENT_Q_DEPTH,
  Int.OPEN_INPUT_COUNT,
  Int.OPEN_OUTPUT_COUNT,
]);

/** Whether queues of another type have the attribute. */
function isOfOtherQueues(object: Inquired, selector: number): boolean {
  if (object.definitions === queueManagerAttributes) return false;
  return (
    readOnlyOfQueues.has(selector) ||
    allQueues.some((definitions) => bySelector(definitions, selector) !== undefined)
  );
}

/** Undefined when only queues of another type have the attribute. */
function valueOf(object: Inquired, selector: number): Value | undefined {
  if (!isIntegerSelector(selector) && !isCharacterSelector(selector))
    throw new MqiError(Reason.SELECTOR_ERROR);
  const definition = bySelector(object.definitions, selector);
  if (definition) return object.attributes[definition.keyword];
  const value = object.others[selector];
  if (value === undefined && !isOfOtherQueues(object, selector)) throw new MqiError(Reason.SELECTOR_ERROR);
  return value;
}

function lengthOf(object: Inquired, selector: number): number {
  const definitions = [object.definitions, ...everything];
  const found = definitions
    .map((list) => bySelector(list, selector))
    .find((definition) => definition !== undefined);
  return found?.length ?? fixedLengths[selector]!;
}

function characterField(value: Value | undefined, length: number): Buffer {
  const field = Buffer.alloc(length, value === undefined ? '*' : ' ');
  if (value !== undefined) field.write(String(value), 0, length, 'utf8');
  return field;
}

/**
 * MQSET: all of the attributes or, when one is wrong, none.
 *
 * @throws MqiError saying what is wrong
 */
export function setAttributes(
  object: Inquired,
  selectors: readonly number[],
  integers: readonly number[],
  characters: Buffer,
): void {
  if (selectors.length > MAX_SELECTORS) throw new MqiError(Reason.SELECTOR_COUNT_ERROR);
  const changes: [string, Value][] = [];
  let nextInteger = 0;
  let nextCharacter = 0;
  for (const selector of selectors) {
    const definition = bySelector(object.definitions, selector);
    if (!definition?.settable) throw new MqiError(Reason.SELECTOR_ERROR);
    if (definition.length === undefined) {
      const value = integers[nextInteger++];
      if (value === undefined) throw new MqiError(Reason.INT_ATTR_COUNT_ERROR);
      changes.push([definition.keyword, checkedInteger(definition, value)]);
    } else {
      const end = nextCharacter + definition.length;
      if (end > characters.length) throw new MqiError(Reason.CHAR_ATTR_LENGTH_ERROR);
      const value = characters.toString('utf8', nextCharacter, end);
      changes.push([definition.keyword, value.split('\0', 1)[0]!.trimEnd()]);
      nextCharacter = end;
    }
  }
  for (const [keyword, value] of changes) object.attributes[keyword] = value;
}

const TRIGGER_VALUE_ERROR: Readonly<Record<number, number>> = {
  [Int.TRIGGER_CONTROL]: 2075,
  [Int.TRIGGER_TYPE]: 2078,
  [Int.TRIGGER_DEPTH]: 2076,
  [Int.TRIGGER_MSG_PRIORITY]: 2077,
};

function checkedInteger(definition: Definition, value: number): number {
  const words = Object.values(definition.words ?? definition.flags ?? {});
  const { min = -Infinity, max = Infinity } = definition;
  const valid = words.length > 0 ? words.includes(value) : value >= min && value <= max;
  if (!valid) {
    throw new MqiError(TRIGGER_VALUE_ERROR[definition.selector!] ?? Reason.INHIBIT_VALUE_ERROR);
  }
  return value;
}

/** The completion code that goes with a reason code of inquire(). */
export function inquiryCompletion(reason: number): number {
  return reason === Reason.NONE ? Completion.OK : Completion.WARNING;
}

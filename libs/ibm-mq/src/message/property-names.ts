import { InvalidMessageError } from '../errors.js';

/**
 * Header names as MQ property names and back. MQ takes only Java identifiers without the reserved names; every
 * character that MQ would refuse becomes `_xHHHH_` (its UTF-16 unit in hex), as does the underscore that starts a
 * name's own `_xHHHH_`, so that the way back is exact. `ce_id` and `traceparent` stay as they are; `content-type`
 * becomes `content_x002D_type`.
 */
const LONGEST_NAME = 4095;
/** Names that MQ reserves; with their first character escaped they are free. */
const KEYWORD = /^(?:null|true|false|not|and|or|between|like|in|is|escape)$/i;
const RESERVED_PREFIX = /^(?:JMS|Body|Root)/;
const ESCAPED = /_x([0-9A-Fa-f]{4})_/g;
const CACHE_SIZE = 1_000;

const propertyNames = new Map<string, string>();
const headerNames = new Map<string, string>();

/**
 * The MQ property name of a header.
 *
 * @throws InvalidMessageError when the name is empty or, escaped, longer than MQ allows (4,095 characters).
 */
export function toPropertyName(header: string): string {
  return cached(propertyNames, header, escapeName);
}

/** The header name of an MQ property; the inverse of `toPropertyName`. */
export function toHeaderName(property: string): string {
  return property.includes('_x') ? cached(headerNames, property, unescapeName) : property;
}

function escapeName(header: string): string {
  if (header === '') throw new InvalidMessageError('A header has an empty name.');
  const reserved = KEYWORD.test(header) || RESERVED_PREFIX.test(header);
  let name = '';
  for (let i = 0; i < header.length; i++) {
    const character = header[i] as string;
    const allowed = i === 0 ? /[A-Za-z_]/.test(character) && !reserved : /\w/.test(character);
    // Also when the underscore at its end is that of the next character's escape.
    const looksEscaped = character === '_' && /^_x[0-9A-Fa-f]{4}(?:_|\W)/.test(header.slice(i, i + 7));
    name += allowed && !looksEscaped ? character : escapeCharacter(character);
  }
  if (name.length > LONGEST_NAME)
    throw new InvalidMessageError(`The header name ${header.slice(0, 40)}… is too long for MQ.`);
  return name;
}

function escapeCharacter(character: string): string {
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`;
}

function unescapeName(property: string): string {
  return property.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Programs use few different names, but a stranger's must not fill the memory. */
function cached(cache: Map<string, string>, key: string, compute: (key: string) => string): string {
  let value = cache.get(key);
  if (value === undefined) {
    value = compute(key);
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(key, value);
  }
  return value;
}

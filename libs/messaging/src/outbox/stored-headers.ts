import type { HeaderValue, OutgoingMessage, SingleHeaderValue } from './outgoing-message.js';

/** Bytes that are no text, as JSON holds them. */
interface StoredBytes {
  readonly base64: string;
}
type StoredPart = string | StoredBytes | null;
type StoredValue = StoredPart | readonly StoredPart[];

/** What surrounds the body of a message. */
export type Envelope = Pick<OutgoingMessage, 'headers' | 'keyBytes'>;

/** Headers and key as JSON holds them. */
export type StoredEnvelope = Readonly<Record<string, StoredValue>>;

/** Where a key that is no text is kept, among the headers. */
const KEY = ':key';
/** Begins that name; names of headers that begin with it are stored with one more. */
const RESERVED = ':';

/** Headers, and a key that is no text, as JSON. */
export function storeHeaders({ headers, keyBytes }: Envelope): string {
  if (keyBytes === undefined && isText(headers)) return JSON.stringify(headers);
  const stored: Record<string, StoredValue> = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.startsWith(RESERVED) ? RESERVED + name : name,
      Array.isArray(value) ? value.map(store) : store(value as SingleHeaderValue),
    ]),
  );
  if (keyBytes !== undefined) stored[KEY] = store(keyBytes);
  return JSON.stringify(stored);
}

/**
 * The inverse of `storeHeaders`.
 *
 * @throws TypeError for what is none of its results.
 */
export function readHeaders(stored: StoredEnvelope): Envelope {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored))
    throw new TypeError('they are no object');
  if (isText(stored)) return { headers: stored };
  const { [KEY]: key, ...others } = stored;
  // A header may have any name, also that of something that every object has.
  const headers = Object.fromEntries(
    Object.entries(others).map(([name, value]): [string, HeaderValue] => [
      name.startsWith(RESERVED + RESERVED) ? name.slice(RESERVED.length) : name,
      Array.isArray(value) ? value.map(read) : read(value as StoredPart),
    ]),
  );
  return key === undefined ? { headers } : { headers, keyBytes: read(key as StoredPart) as Buffer | null };
}

/** Nearly always; found out without making anything. */
function isText(headers: Readonly<Record<string, unknown>>): headers is Record<string, string> {
  for (const name in headers) if (typeof headers[name] !== 'string') return false;
  return true;
}

const store = (value: SingleHeaderValue): StoredPart =>
  Buffer.isBuffer(value) ? { base64: value.toString('base64') } : value;

function read(value: StoredPart): SingleHeaderValue {
  if (value === null || typeof value === 'string') return value;
  if (typeof value?.base64 !== 'string') throw new TypeError(`a value is ${JSON.stringify(value)}`);
  return Buffer.from(value.base64, 'base64');
}

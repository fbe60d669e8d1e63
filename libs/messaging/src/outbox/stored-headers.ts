import type { HeaderValue, OutgoingMessage } from './outgoing-message.js';

/** Bytes that are no text, as JSON holds them. */
interface StoredBytes {
  readonly base64: string;
}
type StoredPart = string | StoredBytes;
type StoredValue = StoredPart | readonly StoredPart[] | null;

/** What surrounds the body of a message. */
export type Envelope = Pick<OutgoingMessage, 'headers' | 'keyBytes'>;

/** Headers and key as JSON holds them. */
export type StoredEnvelope = Readonly<Record<string, StoredValue>>;

/** Where a key that is no text is kept, among the headers; a name that no header of ours has. */
const KEY = ':key';

/** Headers, and a key that is no text, as JSON. */
export function storeHeaders({ headers, keyBytes }: Envelope): string {
  if (keyBytes === undefined && isText(headers)) return JSON.stringify(headers);
  const stored: Record<string, StoredValue> = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(store) : store(value as string | Buffer),
    ]),
  );
  if (keyBytes !== undefined) stored[KEY] = keyBytes === null ? null : store(keyBytes);
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
      name,
      Array.isArray(value) ? value.map(read) : read(value as StoredPart),
    ]),
  );
  if (key === undefined) return { headers };
  return { headers, keyBytes: key === null ? null : (read(key as StoredPart) as Buffer) };
}

/** Nearly always; found out without making anything. */
function isText(headers: Readonly<Record<string, unknown>>): headers is Record<string, string> {
  for (const name in headers) if (typeof headers[name] !== 'string') return false;
  return true;
}

const store = (value: string | Buffer): StoredPart =>
  typeof value === 'string' ? value : { base64: value.toString('base64') };

function read(value: StoredPart): string | Buffer {
  if (typeof value === 'string') return value;
  if (typeof value?.base64 !== 'string') throw new TypeError(`a value is ${JSON.stringify(value)}`);
  return Buffer.from(value.base64, 'base64');
}

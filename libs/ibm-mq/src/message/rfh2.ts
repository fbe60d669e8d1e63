import { InvalidMessageError } from '../errors.js';

/**
 * MQRFH2, the "rules and formatting header 2" in which IBM MQ carries message properties in front of a body:
 * https://www.ibm.com/docs/en/ibm-mq/latest?topic=mqi-mqrfh2-rules-formatting-header-2.
 * A queue manager turns the `usr` folder of a message that is put into properties and gives them back in this form
 * on request, so that JMS programs and MQ Explorer see them. Building and reading it here costs a fraction of one
 * MQSETMP or MQINQMP call per property.
 */
import type { HeaderValue, OutgoingHeaders } from './headers.js';
import { toHeaderName, toPropertyName } from './property-names.js';

/** Format, encoding and character set of what follows a header; an MQMD has the same three. */
export interface DataDescription {
  readonly format: string;
  readonly encoding: number;
  readonly characterSet: number;
}

/** The values of a folder other than `usr`, by MQ property name without the folder's. */
export type Folder = Record<string, HeaderValue>;

export interface Rfh2 {
  /** What follows the header. */
  readonly next: DataDescription;
  /** Bytes that the header takes. */
  readonly length: number;
  readonly folders: readonly string[];
}

export const RFH2_FORMAT = 'MQHRF2';
export const UTF_8 = 1208;
/** MQENC_NATIVE on little-endian machines: reversed integers, decimals and IEEE floats. */
export const LITTLE_ENDIAN = 546;

const FIXED_LENGTH = 36;
const INTEGER_MASK = 0x0f;
const INTEGER_REVERSED = 0x02;
const UTF_16_CHARACTER_SETS = new Set([1200, 13488, 17584]);

/** For names that strangers choose, of which `__proto__` must be none but a name. */
export function record(): Record<string, HeaderValue> {
  return Object.create(null) as Record<string, HeaderValue>;
}

/** Reads the header at the start of `data`; undefined when there is none that can be read. */
export function readRfh2(data: Buffer, encoding: number): Rfh2 | undefined {
  if (data.length < FIXED_LENGTH) return undefined;
  const reversed = (encoding & INTEGER_MASK) === INTEGER_REVERSED;
  const integer = (offset: number) => (reversed ? data.readInt32LE(offset) : data.readInt32BE(offset));
  const length = integer(8);
  if (
    data.toString('latin1', 0, 4) !== 'RFH ' ||
    integer(4) !== 2 ||
    length < FIXED_LENGTH ||
    length > data.length
  ) {
    return undefined;
  }
  const nameValueCharacterSet = integer(32);
  const folders: string[] = [];
  for (let offset = FIXED_LENGTH; offset < length;) {
    const start = offset + 4;
    if (start > length) return undefined;
    const end = start + integer(offset);
    if (end < start || end > length) return undefined;
    folders.push(folderText(data.subarray(start, end), nameValueCharacterSet, reversed));
    offset = end;
  }
  return {
    next: {
      encoding: integer(12),
      characterSet: integer(16),
      format: data.toString('latin1', 20, 28).trimEnd(),
    },
    length,
    folders,
  };
}

function folderText(bytes: Buffer, characterSet: number, reversed: boolean): string {
  if (!UTF_16_CHARACTER_SETS.has(characterSet)) return bytes.toString('utf8');
  return reversed ? bytes.toString('utf16le') : Buffer.from(bytes).swap16().toString('utf16le');
}

/** The name of a folder, for example `usr`. */
export function folderName(folder: string): string {
  return /^\s*<([^\s/>]+)/.exec(folder)?.[1] ?? '';
}

/** The properties of a folder by name; those of groups in it are named `group.name`. */
export function readFolder(folder: string): Folder {
  const values = record();
  readElements(folder, folder.indexOf('>') + 1, '', values);
  return values;
}

/** The properties of the folder `usr`, by header name. */
export function readHeaders(folder: string, headers: Record<string, HeaderValue>): void {
  const values = readFolder(folder);
  for (const name in values) headers[toHeaderName(name)] = values[name] as HeaderValue;
}

/** Reads elements up to the end tag of what encloses them, and returns where that ends. */
function readElements(text: string, start: number, group: string, values: Folder): number {
  let position = start;
  for (;;) {
    const open = text.indexOf('<', position);
    const close = open < 0 ? -1 : text.indexOf('>', open);
    if (close < 0) return text.length;
    if (text[open + 1] === '/') return close + 1;
    const empty = text[close - 1] === '/';
    const tag = text.slice(open + 1, empty ? close - 1 : close);
    const space = tag.search(/\s/);
    const name = group + (space < 0 ? tag : tag.slice(0, space));
    const attributes = space < 0 ? '' : tag.slice(space);
    position = close + 1;
    if (empty) {
      values[name] = decodeValue('', attributes);
      continue;
    }
    const next = text.indexOf('<', position);
    if (next < 0) return text.length;
    if (text[next + 1] === '/') {
      values[name] = decodeValue(text.slice(position, next), attributes);
      const end = text.indexOf('>', next);
      if (end < 0) return text.length;
      position = end + 1;
    } else {
      position = readElements(text, position, `${name}.`, values);
    }
  }
}

function decodeValue(content: string, attributes: string): HeaderValue {
  const text = content.includes('&') ? unescapeText(content) : content;
  if (attributes === '') return text;
  if (/xsi:nil\s*=\s*["'](?:true|1)["']/.test(attributes)) return null;
  switch (/\sdt\s*=\s*["']([^"']*)["']/.exec(attributes)?.[1]) {
    case 'boolean':
      return text.trim() === '1' || text.trim().toLowerCase() === 'true';
    case 'bin.hex':
      return Buffer.from(text.trim(), 'hex');
    case 'i1':
    case 'i2':
    case 'i4':
    case 'i8':
    case 'int':
      return decodeInteger(text.trim());
    case 'r4':
    case 'r8':
      return Number(text);
    default:
      return text;
  }
}

function decodeInteger(text: string): number | bigint | string {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  return /^[+-]?\d+$/.test(text) ? BigInt(text) : text;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (entity, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? entity;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    },
  );
}

/**
 * The elements of the headers, to stand in a folder `usr`.
 *
 * @throws InvalidMessageError for a value that no MQ property can hold: text with control characters, a bigint over 64 bits.
 */
export function writeElements(headers: OutgoingHeaders): string {
  let elements = '';
  for (const header in headers) {
    const value = headers[header];
    if (value === undefined) continue;
    const name = toPropertyName(header);
    elements += `<${name}${encodeValue(header, value)}</${name}>`;
  }
  return elements;
}

/** The rest of an element after its name: attributes, the closing bracket, the value. */
function encodeValue(header: string, value: HeaderValue): string {
  if (typeof value === 'string') return `>${escapeText(header, value)}`;
  if (value === null) return " xsi:nil='true'>";
  switch (typeof value) {
    case 'boolean':
      return ` dt='boolean'>${value ? 1 : 0}`;
    case 'number':
      return ` dt='${numberType(header, value)}'>${value}`;
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value)
        throw new InvalidMessageError(`The header ${header} has more than 64 bits.`);
      return ` dt='i8'>${value}`;
    default:
      return ` dt='bin.hex'>${value.toString('hex')}`;
  }
}

function numberType(header: string, value: number): string {
  if (!Number.isFinite(value))
    throw new InvalidMessageError(`The header ${header} is ${value}, which no MQ property can hold.`);
  if ((value | 0) === value) return 'i4';
  return Number.isSafeInteger(value) ? 'i8' : 'r8';
}

// eslint-disable-next-line no-control-regex -- XML 1.0 has no form for these characters
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const SPECIAL = /[&<>"']/;

function escapeText(header: string, text: string): string {
  if (CONTROL.test(text))
    throw new InvalidMessageError(`The header ${header} has a control character that MQ cannot carry.`);
  if (!SPECIAL.test(text)) return text;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

/** An MQRFH2 with the folders, and the body behind it, in one buffer. Integers are little-endian. */
export function writeRfh2(folders: readonly string[], next: DataDescription, body: string | Buffer): Buffer {
  let length = FIXED_LENGTH;
  const lengths = folders.map((folder) => (Buffer.byteLength(folder) + 3) & ~3);
  for (const folderLength of lengths) length += 4 + folderLength;
  const bodyLength = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const data = Buffer.allocUnsafe(length + bodyLength);
  data.write('RFH ', 0, 'latin1');
  data.writeInt32LE(2, 4);
  data.writeInt32LE(length, 8);
  data.writeInt32LE(next.encoding, 12);
  data.writeInt32LE(next.characterSet, 16);
  data.write(next.format.padEnd(8), 20, 'latin1');
  data.writeInt32LE(0, 28);
  data.writeInt32LE(UTF_8, 32);
  let offset = FIXED_LENGTH;
  for (const [i, folder] of folders.entries()) {
    const folderLength = lengths[i] as number;
    offset = data.writeInt32LE(folderLength, offset);
    const written = data.write(folder, offset, 'utf8');
    data.fill(0x20, offset + written, offset + folderLength);
    offset += folderLength;
  }
  if (typeof body === 'string') data.write(body, length, 'utf8');
  else body.copy(data, length);
  return data;
}

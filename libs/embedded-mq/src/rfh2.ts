/**
 * Message properties as an MQRFH2 header in the message data, and back: how programs without message
 * handles, JMS among them, write and read properties.
 */
import { newProperty, type Property, propertyValue, PropertyType as Type } from './properties.js';

export const FORMAT_RFH2 = 'MQHRF2';
const STRUCTURE_ID = 'RFH ';
const VERSION = 2;
const FIXED_LENGTH = 36;
const CCSID_UTF8 = 1208;
export const ENCODING_NATIVE = 546;
const INTEGER_REVERSED = 2;
const USER_FOLDER = 'usr';
/** Folders that hold properties without saying so. */
const propertyFolders = new Set([
  'mcd',
  'jms',
  USER_FOLDER,
  'mqext',
  'mq',
  'mqps',
  'mqema',
  'sib',
  'sib_usr',
]);
/** Folders that make MQPROP_COMPATIBILITY deliver properties. */
const compatibleFolders = new Set(['mcd', 'jms', USER_FOLDER, 'mqext']);

/** The fields by which a structure says what follows it. */
export interface Following {
  encoding: number;
  ccsid: number;
  format: string;
}

/** The folder a property belongs to. */
function folderOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? USER_FOLDER : name.slice(0, dot);
}

/** Whether MQPROP_COMPATIBILITY delivers these properties. */
export function isCompatible(properties: readonly Property[]): boolean {
  return properties.some((property) => compatibleFolders.has(folderOf(property.name)));
}

// ---- writing ----

/** A header that holds the properties and says what follows it. */
export function encodeRfh2(properties: readonly Property[], following: Following): Buffer {
  const folders = new Map<string, Property[]>();
  for (const property of properties) {
    const folder = folderOf(property.name);
    folders.set(folder, [...(folders.get(folder) ?? []), property]);
  }
  return header(
    [...folders].map(([folder, members]) => writeFolder(folder, members)),
    following,
    true,
  );
}

function writeFolder(folder: string, properties: readonly Property[]): string {
  const content = propertyFolders.has(folder) ? '' : " content='properties'";
  const elements = properties.map((property) => {
    const path = property.name.startsWith(`${folder}.`)
      ? property.name.slice(folder.length + 1)
      : property.name;
    return writeElement(path.split('.'), property);
  });
  return `<${folder}${content}>${elements.join('')}</${folder}>`;
}

function writeElement([name, ...rest]: string[], property: Property): string {
  if (rest.length > 0) return `<${name}>${writeElement(rest, property)}</${name}>`;
  if (property.type === Type.NULL) return `<${name} xsi:nil='true'></${name}>`;
  const dataType = dataTypes.find(([type]) => type === property.type)?.[1];
  const attribute = dataType === undefined ? '' : ` dt='${dataType}'`;
  return `<${name}${attribute}>${escape(valueText(property))}</${name}>`;
}

const dataTypes: readonly (readonly [number, string])[] = [
  [Type.BOOLEAN, 'boolean'],
  [Type.BYTE_STRING, 'bin.hex'],
  [Type.INT8, 'i1'],
  [Type.INT16, 'i2'],
  [Type.INT32, 'i4'],
  [Type.INT64, 'i8'],
  [Type.FLOAT32, 'r4'],
  [Type.FLOAT64, 'r8'],
];

function valueText(property: Property): string {
  const { type, value } = property;
  if (type === Type.BOOLEAN) return value.readInt32LE(0) === 0 ? '0' : '1';
  if (type === Type.BYTE_STRING) return value.toString('hex').toUpperCase();
  if (type === Type.INT64) return String(value.readBigInt64LE(0));
  const known = propertyValue(property);
  return Object.is(known, -0) ? '-0' : String(known);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Integers are written in the order that the structure in front says. */
function header(folders: readonly string[], following: Following, littleEndian: boolean): Buffer {
  const blocks = folders.map((folder) => {
    const length = Buffer.byteLength(folder);
    const block = Buffer.alloc(4 + Math.ceil(length / 4) * 4, 0x20);
    writeInt(block, block.length - 4, 0, littleEndian);
    block.write(folder, 4);
    return block;
  });
  const fixed = Buffer.alloc(FIXED_LENGTH);
  const length = FIXED_LENGTH + blocks.reduce((sum, block) => sum + block.length, 0);
  fixed.write(STRUCTURE_ID, 0, 'latin1');
  writeInt(fixed, VERSION, 4, littleEndian);
  writeInt(fixed, length, 8, littleEndian);
  writeInt(fixed, following.encoding, 12, littleEndian);
  writeInt(fixed, following.ccsid, 16, littleEndian);
  fixed.write(following.format.padEnd(8), 20, 8, 'latin1');
  writeInt(fixed, 0, 28, littleEndian);
  writeInt(fixed, CCSID_UTF8, 32, littleEndian);
  return Buffer.concat([fixed, ...blocks]);
}

function writeInt(target: Buffer, value: number, offset: number, littleEndian: boolean): void {
  if (littleEndian) target.writeInt32LE(value, offset);
  else target.writeInt32BE(value, offset);
}

// ---- reading ----

export interface SplitMessage {
  properties: Property[];
  /** What describes `data` now. */
  following: Following;
  data: Buffer;
}

/**
 * Takes the properties out of the MQRFH2 headers that a message begins with. Folders that hold no
 * properties stay; a header that is not well formed stays as it is, with all that follows it.
 */
export function splitRfh2(message: Following & { data: Buffer }): SplitMessage {
  const { data, ...following } = message;
  if (following.format !== FORMAT_RFH2) return { properties: [], following, data };
  const littleEndian = (following.encoding & 0xf) === INTEGER_REVERSED;
  const parsed = parseHeader(data, littleEndian);
  if (!parsed) return { properties: [], following, data };
  const rest = splitRfh2({ ...parsed.following, data: data.subarray(parsed.length) });
  const properties = [...parsed.properties, ...rest.properties];
  if (parsed.otherFolders.length === 0) return { ...rest, properties };
  const kept = header(parsed.otherFolders, rest.following, littleEndian);
  return { properties, following, data: Buffer.concat([kept, rest.data]) };
}

interface ParsedHeader {
  length: number;
  following: Following;
  properties: Property[];
  otherFolders: string[];
}

function parseHeader(data: Buffer, littleEndian: boolean): ParsedHeader | undefined {
  if (data.length < FIXED_LENGTH || data.toString('latin1', 0, 4) !== STRUCTURE_ID) return undefined;
  const int = (offset: number) => (littleEndian ? data.readInt32LE(offset) : data.readInt32BE(offset));
  const length = int(8);
  const nameValueCcsid = int(32);
  if (int(4) !== VERSION || length < FIXED_LENGTH || length > data.length || nameValueCcsid !== CCSID_UTF8) {
    return undefined;
  }
  const properties: Property[] = [];
  const otherFolders: string[] = [];
  for (let at = FIXED_LENGTH; at < length;) {
    if (at + 4 > length) return undefined;
    const blockLength = int(at);
    const end = at + 4 + blockLength;
    if (blockLength < 0 || end > length) return undefined;
    // oxlint-disable-next-line no-control-regex -- folders are padded with blanks or nulls
    const text = data.toString('utf8', at + 4, end).replace(/[ \u0000]+$/, '');
    const folder = parseFolder(text);
    if (!folder) return undefined;
    if (folder.properties) properties.push(...folder.properties);
    else otherFolders.push(text);
    at = end;
  }
  const following = { encoding: int(12), ccsid: int(16), format: data.toString('latin1', 20, 28).trimEnd() };
  return { length, following, properties, otherFolders };
}

interface Element {
  name: string;
  attributes: Map<string, string>;
  children: Element[];
  text: string;
}

/** Undefined when the text is not a well-formed folder; without `properties` when it holds none. */
function parseFolder(text: string): { properties?: Property[] } | undefined {
  const root = parseXml(text);
  if (!root) return undefined;
  const holdsProperties = propertyFolders.has(root.name) || root.attributes.get('content') === 'properties';
  if (!holdsProperties) return {};
  const prefix = root.name === USER_FOLDER ? '' : `${root.name}.`;
  return { properties: root.children.flatMap((child) => propertiesOf(child, prefix)) };
}

function propertiesOf(element: Element, prefix: string): Property[] {
  const name = `${prefix}${element.name}`;
  if (element.children.length > 0)
    return element.children.flatMap((child) => propertiesOf(child, `${name}.`));
  if (element.attributes.get('xsi:nil') === 'true') return [newProperty(name, Type.NULL, Buffer.alloc(0))];
  const dataType = element.attributes.get('dt');
  const type = dataTypes.find(([, word]) => word === dataType)?.[0] ?? Type.STRING;
  return [newProperty(name, type, parseValue(type, element.text))];
}

function parseValue(type: number, text: string): Buffer {
  const numeric = text.trim();
  switch (type) {
    case Type.BOOLEAN:
      return int32(numeric === '1' || numeric.toLowerCase() === 'true' ? 1 : 0);
    case Type.BYTE_STRING:
      return Buffer.from(numeric, 'hex');
    case Type.INT8:
      return Buffer.from(Int8Array.of(Number(numeric)).buffer);
    case Type.INT16:
      return Buffer.from(Int16Array.of(Number(numeric)).buffer);
    case Type.INT32:
      return int32(Number(numeric));
    case Type.INT64:
      return Buffer.from(BigInt64Array.of(/^-?\d+$/.test(numeric) ? BigInt(numeric) : 0n).buffer);
    case Type.FLOAT32:
      return Buffer.from(Float32Array.of(Number(numeric)).buffer);
    case Type.FLOAT64:
      return Buffer.from(Float64Array.of(Number(numeric)).buffer);
    default:
      return Buffer.from(text, 'utf8');
  }
}

function int32(value: number): Buffer {
  return Buffer.from(Int32Array.of(value).buffer);
}

const TOKEN = /<(\/?)([^\s<>/='"]+)((?:\s+[^\s<>/='"]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;
const ATTRIBUTE = /([^\s='"]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The one element that the text is, or undefined when it is not well formed. */
function parseXml(text: string): Element | undefined {
  const document: Element = { name: '', attributes: new Map(), children: [], text: '' };
  const open = [document];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text);
    const parent = open.at(-1);
    if (!token || !parent) return undefined;
    const [, slash, name, attributes = '', empty, characters] = token;
    if (characters !== undefined) {
      parent.text += unescape(characters);
    } else if (slash) {
      if (parent.name !== name || open.length === 1) return undefined;
      open.pop();
    } else {
      const element: Element = {
        name: name!,
        attributes: readAttributes(attributes),
        children: [],
        text: '',
      };
      parent.children.push(element);
      if (!empty) open.push(element);
    }
  }
  return open.length === 1 && document.children.length === 1 ? document.children[0] : undefined;
}

function readAttributes(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(ATTRIBUTE)].map(([, name, double, single]) => [
      name!,
      unescape(double ?? single ?? ''),
    ]),
  );
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name]!);
}

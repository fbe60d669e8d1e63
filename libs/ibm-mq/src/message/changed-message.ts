import { Format } from '../mqi/constants.js';
import type { OutgoingHeaders } from './headers.js';
import type { IncomingMessage } from './incoming-message.js';
import { toHeaderName, toPropertyName } from './property-names.js';
import {
  folderName,
  LITTLE_ENDIAN,
  readRfh2,
  RFH2_FORMAT,
  UTF_8,
  writeElements,
  writeRfh2,
  type DataDescription,
} from './rfh2.js';

/** What UTF-8 text without a header is described by. */
const TEXT: DataDescription = { format: Format.STRING, encoding: LITTLE_ENDIAN, characterSet: UTF_8 };
const ELEMENT = /<([^\s/>]+)[^>]*?(?:\/>|>[^<]*<\/\1\s*>)/g;

/** Format, encoding, character set and data of a message that is passed on. */
export interface PassedOn {
  readonly format: string;
  readonly encoding: number;
  readonly characterSet: number;
  readonly data: Buffer;
}

/** What is different about a message that is passed on. */
export interface Changes {
  /** Added, in place of those of the same names. */
  readonly headers?: OutgoingHeaders;
  /** Which of its own headers are left out. Default none. */
  readonly drops?: (header: string) => boolean;
  /** UTF-8 text in place of the body. */
  readonly body?: Buffer;
}

/**
 * A message's data with changes; everything else, other MQRFH2 folders and property types too, stays as it came. An
 * MQRFH2 in which nothing would be left is taken off.
 */
export function withChanges(message: IncomingMessage, { headers = {}, drops, body }: Changes): PassedOn {
  const { descriptor, data } = message;
  const asCame = {
    format: descriptor.Format,
    encoding: descriptor.Encoding,
    characterSet: descriptor.CodedCharSetId,
  };
  const added = writeElements(headers);
  if (added === '' && !drops && !body) return { ...asCame, data };
  const header = descriptor.Format === RFH2_FORMAT ? readRfh2(data, descriptor.Encoding) : undefined;
  const before = header ? data.subarray(header.length) : data;
  const after = body
    ? Buffer.concat([before.subarray(0, before.length - message.body.length), body])
    : before;
  const chained = before.length > message.body.length;
  const next = body && !chained ? TEXT : describedBy(header?.next, asCame);
  const folders = header?.folders ?? [];
  const others = folders.filter((folder) => folderName(folder) !== 'usr').map((folder) => folder.trimEnd());
  const replaced = new Set(Object.keys(headers).map(toPropertyName));
  const isLeftOut = (property: string) => replaced.has(property) || drops?.(toHeaderName(property)) === true;
  const kept = folders
    .filter((folder) => folderName(folder) === 'usr')
    .map((folder) => without(folder, isLeftOut));
  const usr = kept.join('') + added;
  if (usr === '' && others.length === 0) return { ...next, data: after };
  return {
    format: RFH2_FORMAT,
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data: writeRfh2(usr === '' ? others : [...others, `<usr>${usr}</usr>`], next, after),
  };
}

/** MQCCSI_INHERIT and MQCCSI_EMBEDDED leave the character set as it is. */
function describedBy(next: DataDescription | undefined, asCame: DataDescription): DataDescription {
  if (!next) return asCame;
  return next.characterSet > 0 ? next : { ...next, characterSet: asCame.characterSet };
}

/** The elements of a folder `usr` but for those that are left out. */
function without(folder: string, isLeftOut: (property: string) => boolean): string {
  const inside = folder.slice(folder.indexOf('>') + 1);
  let elements = '';
  for (const [element, name] of inside.matchAll(ELEMENT)) if (!isLeftOut(name as string)) elements += element;
  return elements;
}

import type { OutgoingHeaders } from './headers.js';
import type { IncomingMessage } from './incoming-message.js';
import { toPropertyName } from './property-names.js';
import { folderName, LITTLE_ENDIAN, readRfh2, RFH2_FORMAT, UTF_8, writeElements, writeRfh2 } from './rfh2.js';

const ELEMENT = /<([^\s/>]+)[^>]*?(?:\/>|>[^<]*<\/\1\s*>)/g;

/** Format, encoding, character set and data of a message that is passed on. */
export interface PassedOn {
  readonly format: string;
  readonly encoding: number;
  readonly characterSet: number;
  readonly data: Buffer;
}

/**
 * A message's data with more headers, in place of those of the same names; everything else, other MQRFH2 folders
 * and property types too, stays as it came.
 */
export function withHeaders(message: IncomingMessage, headers: OutgoingHeaders): PassedOn {
  const { descriptor, data } = message;
  const asCame = {
    format: descriptor.Format,
    encoding: descriptor.Encoding,
    characterSet: descriptor.CodedCharSetId,
  };
  const added = writeElements(headers);
  if (added === '') return { ...asCame, data };
  const header = descriptor.Format === RFH2_FORMAT ? readRfh2(data, descriptor.Encoding) : undefined;
  const folders = header?.folders ?? [];
  const others = folders.filter((folder) => folderName(folder) !== 'usr').map((folder) => folder.trimEnd());
  const kept = folders
    .filter((folder) => folderName(folder) === 'usr')
    .map((folder) => without(folder, headers));
  return {
    format: RFH2_FORMAT,
    encoding: LITTLE_ENDIAN,
    characterSet: UTF_8,
    data: writeRfh2(
      [...others, `<usr>${kept.join('')}${added}</usr>`],
      header?.next ?? asCame,
      header ? data.subarray(header.length) : data,
    ),
  };
}

/** The elements of a folder `usr` but for those of the headers. */
function without(folder: string, headers: OutgoingHeaders): string {
  const replaced = new Set(Object.keys(headers).map(toPropertyName));
  const inside = folder.slice(folder.indexOf('>') + 1);
  let elements = '';
  for (const [element, name] of inside.matchAll(ELEMENT))
    if (!replaced.has(name as string)) elements += element;
  return elements;
}

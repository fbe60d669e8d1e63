import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { XML_TEXT } from '@orderbridge/contracts';
import { ItemFailedError } from '@orderbridge/work-items';

/** Most bytes of an answer, also after decompression: a page of 200 shipments has about 100,000. */
export const MAX_ANSWER_BYTES = 1_048_576;
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 20_000;
const MAX_ATTRIBUTES = 16;
/** Most different names of attributes, namespace prefixes included. */
const MAX_ATTRIBUTE_NAMES = 64;

/** An answer of the carrier that must not be read. It is the item's failure: it comes again each time it is asked. */
export class UnusableAnswerError extends ItemFailedError {
  override readonly name = 'UnusableAnswerError';

  constructor(detail: string, options?: ErrorOptions) {
    super(`The carrier's answer cannot be used: ${detail}`, options);
  }
}

const DECOMPRESS = { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync, br: brotliDecompressSync };

/**
 * The text of an answer, decoded as it declares: by its byte order mark, else the charset of its Content-Type, else its XML
 * declaration, else as UTF-8. Without byte order mark and declaration.
 *
 * @throws UnusableAnswerError when it declares what is unknown, or is not what it declares.
 */
export function decodeAnswer(
  body: Buffer,
  {
    contentType = '',
    contentEncoding = '',
  }: { readonly contentType?: string; readonly contentEncoding?: string },
): string {
  const bytes = decompress(body, contentEncoding.trim().toLowerCase());
  const [, charset] = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(contentType) ?? [];
  const encoding = byOrderMark(bytes) ?? charset ?? byDeclaration(bytes) ?? 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes).replace(/^\s*<\?xml\s[^>]*\?>/, '');
  } catch (error) {
    throw new UnusableAnswerError(`it is no ${encoding}.`, { cause: error });
  }
}

function decompress(body: Buffer, encoding: string): Buffer {
  if (encoding === '' || encoding === 'identity') return body;
  const decompressor = Object.hasOwn(DECOMPRESS, encoding)
    ? DECOMPRESS[encoding as keyof typeof DECOMPRESS]
    : undefined;
  if (!decompressor) throw new UnusableAnswerError(`its content encoding is ${encoding.slice(0, 50)}.`);
  try {
    return decompressor(body, { maxOutputLength: MAX_ANSWER_BYTES });
  } catch (error) {
    throw new UnusableAnswerError(`it is no ${encoding}, or has more than ${MAX_ANSWER_BYTES} bytes.`, {
      cause: error,
    });
  }
}

function byOrderMark([first, second, third]: Buffer): string | undefined {
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xef && second === 0xbb && third === 0xbf ? 'utf-8' : undefined;
}

function byDeclaration(bytes: Buffer): string | undefined {
  if (bytes[0] === 0 && bytes[1] === 0x3c) return 'utf-16be';
  if (bytes[0] === 0x3c && bytes[1] === 0) return 'utf-16le';
  return /^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(bytes.toString('latin1', 0, 200))?.[1];
}

/** Each alternative ends before the next `<`, so that reading takes a time in proportion to the length. */
const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[(?<cdata>[\s\S]*?)\]\]>|<(?<closing>\/)[^<>]*>|<(?<name>[\p{L}_][\p{L}\p{N}_.:-]*)(?<attributes>(?:[^<>"']|"[^<"]*"|'[^<']*')*)>/uy;

/**
 * Whether a text is an XML document with the root `Envelope`, as far as can be said before it is parsed.
 *
 * @throws UnusableAnswerError when a parser must not see it: it declares a document type or entities, is nested too deep,
 * has too many elements or attributes, or holds what XML forbids.
 */
export function isEnvelope(text: string): boolean {
  let depth = 0;
  let elements = 0;
  const attributeNames = new Set<string>();
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', MARKUP.lastIndex)) {
    MARKUP.lastIndex = at;
    const { cdata, closing, name, attributes = '' } = MARKUP.exec(text)?.groups ?? {};
    if (MARKUP.lastIndex === 0) {
      if (elements === 0 && !/^<[!?]/.test(text.slice(at, at + 2))) return false;
      if (elements === 0 && /^<!doctype html/i.test(text.slice(at, at + 20))) return false;
      throw new UnusableAnswerError('it has a document type, a processing instruction or malformed markup.');
    }
    if (cdata?.includes('<?xml')) throw new UnusableAnswerError('it has a document in a document.');
    if (closing) depth--;
    if (name === undefined) continue;
    const localName = name.slice(name.indexOf(':') + 1);
    if (elements === 0 && localName !== 'Envelope') return false;
    if (localName in Object.prototype) throw new UnusableAnswerError(`it has an element ${localName}.`);
    if (++elements > MAX_ELEMENTS)
      throw new UnusableAnswerError(`it has more than ${MAX_ELEMENTS} elements.`);
    if (!attributes.endsWith('/') && ++depth > MAX_DEPTH)
      throw new UnusableAnswerError(`it is nested deeper than ${MAX_DEPTH} elements.`);
    readAttributes(attributes, attributeNames);
  }
  if (!XML_TEXT.test(text) || !refersToXmlText(text))
    throw new UnusableAnswerError('it holds characters that XML forbids.');
  return elements > 0;
}

function refersToXmlText(text: string): boolean {
  for (const [, reference = ''] of text.matchAll(/&#(x[\da-f]+|\d+);/gi)) {
    const code = Number(/^x/i.test(reference) ? `0${reference}` : reference);
    if (!(code <= 0x10ffff) || !XML_TEXT.test(String.fromCodePoint(code))) return false;
  }
  return true;
}

function readAttributes(attributes: string, names: Set<string>): void {
  let count = 0;
  for (const [, name = ''] of attributes.matchAll(/([^\s="']+)\s*=\s*(?:"[^"]*"|'[^']*')/g)) {
    // SOAP's references between elements, which could make a value its own part.
    if (name === 'id' || name === 'href') throw new UnusableAnswerError(`it has the attribute ${name}.`);
    names.add(name);
    if (++count > MAX_ATTRIBUTES || names.size > MAX_ATTRIBUTE_NAMES)
      throw new UnusableAnswerError('it has too many attributes.');
  }
}

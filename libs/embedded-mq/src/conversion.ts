/** MQGMO_CONVERT: character data from one coded character set to another. */

type Decode = (bytes: Buffer, bigEndian: boolean) => string;
type Encode = (text: string, bigEndian: boolean) => Buffer | undefined;

interface CharacterSet {
  decode: Decode;
  /** Undefined for a text with characters that the set does not have. */
  encode: Encode;
}

/** EBCDIC 37 (USA) from 0x40 on, where it differs from control characters; 500 differs in seven places. */
const EBCDIC_37 =
  '\u0000\u0001\u0002\u0003\u009c\t\u0086\u007f\u0097\u008d\u008e\u000b\f\r\u000e\u000f' +
  '\u0010\u0011\u0012\u0013\u009d\u0085\b\u0087\u0018\u0019\u0092\u008f\u001c\u001d\u001e\u001f' +
  '\u0080\u0081\u0082\u0083\u0084\n\u0017\u001b\u0088\u0089\u008a\u008b\u008c\u0005\u0006\u0007' +
  '\u0090\u0091\u0016\u0093\u0094\u0095\u0096\u0004\u0098\u0099\u009a\u009b\u0014\u0015\u009e\u001a' +
  ' \u00a0âäàáãåçñ¢.<(+|' +
  '&éêëèíîïìß!$*);¬' +
  '-/ÂÄÀÁÃÅÇÑ¦,%_>?' +
  'øÉÊËÈÍÎÏÌ`:#@\'="' +
  'Øabcdefghi«»ðýþ±' +
  '°jklmnopqrªºæ¸Æ¤' +
  'µ~stuvwxyz¡¿ÐÝÞ®' +
  '^£¥·©§¶¼½¾[]¯¨´×' +
  '{ABCDEFGHI\u00adôöòóõ' +
  '}JKLMNOPQR¹ûüùúÿ' +
  '\\÷STUVWXYZ²ÔÖÒÓÕ' +
  '0123456789³ÛÜÙÚ\u009f';

function ebcdic500(): string {
  const table = Array.from(EBCDIC_37);
  const differences: Record<number, string> = {
    0x4a: '[',
    0x4f: '!',
    0x5a: ']',
    0x5f: '^',
    0xb0: '¢',
    0xba: '¬',
    0xbb: '|',
  };
  for (const [code, character] of Object.entries(differences)) table[Number(code)] = character;
  return table.join('');
}

function singleByte(table: string): CharacterSet {
  const codes = new Map(Array.from(table, (character, code) => [character, code]));
  return {
    decode: (bytes) => Array.from(bytes, (code) => table[code]).join(''),
    encode(text) {
      const found = Array.from(text, (character) => codes.get(character));
      return found.includes(undefined) ? undefined : Buffer.from(found as number[]);
    },
  };
}

function webEncoding(label: string): CharacterSet {
  const all = Buffer.from(Array.from({ length: 256 }, (_, code) => code));
  return singleByte(new TextDecoder(label).decode(all));
}

/** Windows-1252, which Node.js 20 decodes as Latin 1: from 0x80 to 0x9f it has other characters. */
function windows1252(): CharacterSet {
  const table = Array.from({ length: 256 }, (_, code) => String.fromCodePoint(code));
  const differing = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
  table.splice(0x80, 0x20, ...Array.from(differing));
  return singleByte(table.join(''));
}

const utf16: CharacterSet = {
  decode: (bytes, bigEndian) => {
    const even = Buffer.from(bytes.subarray(0, bytes.length & ~1));
    return (bigEndian ? even.swap16() : even).toString('utf16le');
  },
  encode: (text, bigEndian) => {
    const bytes = Buffer.from(text, 'utf16le');
    return bigEndian ? bytes.swap16() : bytes;
  },
};

/** By coded character set identifier; made when first used. */
const makers: Readonly<Record<number, () => CharacterSet>> = {
  37: () => singleByte(EBCDIC_37),
  500: () => singleByte(ebcdic500()),
  819: () => singleByte(Array.from({ length: 256 }, (_, code) => String.fromCodePoint(code)).join('')),
  912: () => webEncoding('iso-8859-2'),
  915: () => webEncoding('iso-8859-5'),
  923: () => webEncoding('iso-8859-15'),
  1200: () => utf16,
  1202: () => utf16,
  1208: () => ({ decode: (bytes) => bytes.toString('utf8'), encode: (text) => Buffer.from(text, 'utf8') }),
  1250: () => webEncoding('windows-1250'),
  1252: windows1252,
  5348: windows1252,
  13488: () => utf16,
};
const sets = new Map<number, CharacterSet>();

function characterSet(ccsid: number): CharacterSet | undefined {
  const known = sets.get(ccsid) ?? makers[ccsid]?.();
  if (known) sets.set(ccsid, known);
  return known;
}

export type Conversion = { data: Buffer } | { unknown: 'source' | 'target' } | { unrepresentable: true };

/** Whether integers, and so 16-bit characters, have their low byte first. */
export function isLittleEndian(encoding: number): boolean {
  return (encoding & 0xf) === 2;
}

/** @param encoding MQENC_* of the data, which says the byte order of 16-bit characters */
export function convertText(data: Buffer, ccsid: number, encoding: number, targetCcsid: number): Conversion {
  const source = characterSet(ccsid);
  if (!source) return { unknown: 'source' };
  const target = characterSet(targetCcsid);
  if (!target) return { unknown: 'target' };
  const littleEndian = ccsid === 1202 || (ccsid !== 13_488 && isLittleEndian(encoding));
  const converted = target.encode(source.decode(data, !littleEndian), false);
  return converted ? { data: converted } : { unrepresentable: true };
}

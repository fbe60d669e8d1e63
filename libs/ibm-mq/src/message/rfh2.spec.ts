import fc from 'fast-check';
import type { HeaderValue } from './headers.js';
import {
  folderName,
  LITTLE_ENDIAN,
  readFolder,
  readHeaders,
  readRfh2,
  UTF_8,
  writeElements,
  writeRfh2,
} from './rfh2.js';

const next = { format: 'MQSTR', encoding: LITTLE_ENDIAN, characterSet: UTF_8 };

function write(headers: Record<string, HeaderValue>, body = 'body'): Buffer {
  return writeRfh2([`<usr>${writeElements(headers)}</usr>`], next, body);
}

function read(data: Buffer): Record<string, HeaderValue> {
  const headers: Record<string, HeaderValue> = {};
  for (const folder of readRfh2(data, LITTLE_ENDIAN)?.folders ?? []) readHeaders(folder, headers);
  return headers;
}

/** A header as programs on the other end of the world write it. */
function foreign(
  folders: readonly Buffer[],
  body: string,
  { bigEndian = false, characterSet = 1208 } = {},
): Buffer {
  const length = 36 + folders.reduce((sum, folder) => sum + 4 + folder.length, 0);
  const header = Buffer.alloc(length);
  const integer = (value: number, offset: number) =>
    bigEndian ? header.writeInt32BE(value, offset) : header.writeInt32LE(value, offset);
  header.write('RFH ', 0, 'latin1');
  integer(2, 4);
  integer(length, 8);
  integer(273, 12);
  integer(819, 16);
  header.write('MQSTR   ', 20, 'latin1');
  integer(characterSet, 32);
  let offset = 36;
  for (const folder of folders) {
    integer(folder.length, offset);
    folder.copy(header, offset + 4);
    offset += 4 + folder.length;
  }
  return Buffer.concat([header, Buffer.from(body)]);
}

const text = (content: string) => Buffer.from(content.padEnd(Math.ceil(content.length / 4) * 4));

test('the layout is that of MQRFH2, version 2', () => {
  const data = write({ a: 'ü' }, 'x');
  expect(data.toString('latin1', 0, 4)).toBe('RFH ');
  expect(data.readInt32LE(4)).toBe(2);
  const folder = '<usr><a>ü</a></usr>';
  expect(data.readInt32LE(36)).toBe(20);
  expect(data.readInt32LE(8)).toBe(36 + 4 + 20);
  expect(data.subarray(40, 60).toString()).toBe(folder);
  expect(data.subarray(60).toString()).toBe('x');
  expect(readRfh2(data, LITTLE_ENDIAN)).toMatchObject({ next, length: 60 });
});

test('values keep their type and content', () => {
  const headers = {
    text: ' <a> & "b" \'c\' \n\ttab ü😀 ',
    empty: '',
    small: -2_147_483_648,
    large: 9_007_199_254_740_991,
    big: 2n ** 63n - 1n,
    ratio: 1.5e-7,
    yes: true,
    no: false,
    nothing: null,
    bytes: Buffer.from([0, 1, 255]),
    'content-type': 'x',
  };
  const data = write(headers);
  expect(read(data)).toEqual(headers);
  expect(data.toString()).toContain(
    `<small dt='i4'>-2147483648</small><large dt='i8'>9007199254740991</large>`,
  );
  expect(data.toString()).toContain(
    `<yes dt='boolean'>1</yes><no dt='boolean'>0</no><nothing xsi:nil='true'></nothing>`,
  );
  expect(data.toString()).toContain(`<bytes dt='bin.hex'>0001ff</bytes>`);
});

/** Whether MQ can carry the text, and UTF-8 can. */
function isCarried(value: string): boolean {
  try {
    writeElements({ value });
  } catch {
    return false;
  }
  return Buffer.from(value).toString() === value;
}

test('any text comes back as it was', () => {
  const legal = fc.string({ unit: 'binary' }).filter((value) => isCarried(value));
  fc.assert(fc.property(legal, (value) => expect(read(write({ value })).value).toBe(value)));
});

test('no name reaches the prototype', () => {
  const data = write(Object.fromEntries([['__proto__', Buffer.from('x')]]));
  const [folder = ''] = readRfh2(data, LITTLE_ENDIAN)?.folders ?? [];
  expect(Object.entries(readFolder(folder))).toEqual([['__proto__', Buffer.from('x')]]);
});

test('what no property can hold is refused', () => {
  for (const value of ['\u0000', '\u001F', 2n ** 63n, Number.NaN, Infinity]) {
    expect(() => writeElements({ value })).toThrow(TypeError);
  }
  expect(writeElements({ left: undefined })).toBe('');
});

test('big-endian headers with several folders and groups are read, as JMS and brokers send them', () => {
  const data = foreign(
    [
      text('<mcd><Msd>jms_text</Msd></mcd>'),
      text('<jms><Dst>queue:///IN</Dst><Tms dt="i8">1700000000000</Tms><Dlv>2</Dlv></jms>'),
      text(
        "<usr><n dt='i4'>5</n><s  dt = 'string' >a &lt;b&gt; &#65;&#x42;</s><empty/><b dt='boolean'>0</b></usr>",
      ),
      text('<mq_usr content="properties"><group><one>1</one><two dt="r8">2.5</two></group></mq_usr>'),
    ],
    'body',
    { bigEndian: true },
  );
  const header = readRfh2(data, 273);
  expect(header?.next).toEqual({ format: 'MQSTR', encoding: 273, characterSet: 819 });
  expect(header?.folders.map(folderName)).toEqual(['mcd', 'jms', 'usr', 'mq_usr']);
  const [, jms = '', usr = '', own = ''] = header?.folders ?? [];
  expect(readFolder(jms)).toEqual({ Dst: 'queue:///IN', Tms: 1_700_000_000_000, Dlv: '2' });
  expect(readFolder(usr)).toEqual({ n: 5, s: 'a <b> AB', empty: '', b: false });
  expect(readFolder(own)).toEqual({ 'group.one': '1', 'group.two': 2.5 });
  expect(data.subarray(header?.length).toString()).toBe('body');
});

test.each([
  [false, 'utf16le'],
  [true, 'utf16be'],
])('folders in UTF-16 are read (big-endian: %s)', (bigEndian) => {
  const folder = Buffer.from('<usr><a>ü</a></usr>'.padEnd(20), 'utf16le');
  const data = foreign([bigEndian ? folder.swap16() : folder], '', { bigEndian, characterSet: 1200 });
  expect(readRfh2(data, bigEndian ? 273 : 546)?.folders.map(readFolder)).toEqual([{ a: 'ü' }]);
});

test('whatever bytes come, reading neither fails nor hangs', () => {
  const valid = write({ a: 'x', b: 1, c: true });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([offset, byte]) => {
          const damaged = Buffer.from(valid);
          damaged[offset] = byte;
          return damaged;
        }),
        fc.nat(valid.length).map((length) => valid.subarray(0, length)),
        fc
          .string({ unit: fc.constantFrom('<', '>', '/', 'a', ' ', '&', ';', "dt='i4'", 'usr') })
          .map((content) => foreign([text(content)], '')),
      ),
      (data) => {
        for (const encoding of [273, 546]) {
          for (const folder of readRfh2(data, encoding)?.folders ?? []) {
            expect(typeof folderName(folder)).toBe('string');
            expect(Object.values(readFolder(folder))).not.toContain(undefined);
          }
        }
      },
    ),
  );
});

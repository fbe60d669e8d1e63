import fc from 'fast-check';

import { newProperty, PropertyType as Type } from './properties.js';
import { encodeRfh2, FORMAT_RFH2, isCompatible, splitRfh2 } from './rfh2.js';

const string = (name: string, value: string) => newProperty(name, Type.STRING, Buffer.from(value));
const following = { encoding: 546, ccsid: 1208, format: 'MQSTR' };
const asMessage = (data: Buffer) => ({ encoding: 546, ccsid: 1208, format: FORMAT_RFH2, data });

/** A header as a big-endian machine, such as JMS on any, writes it. */
function bigEndianHeader(folders: string[], format = 'MQSTR   '): Buffer {
  const blocks = folders.map((folder) => {
    const padded = Buffer.from(folder.padEnd(Math.ceil(folder.length / 4) * 4));
    const length = Buffer.alloc(4);
    length.writeInt32BE(padded.length);
    return Buffer.concat([length, padded]);
  });
  const fixed = Buffer.alloc(36);
  fixed.write('RFH ');
  for (const [offset, value] of [
    [4, 2],
    [8, 36 + Buffer.concat(blocks).length],
    [12, 273],
    [16, 1208],
    [32, 1208],
  ] as const) {
    fixed.writeInt32BE(value, offset);
  }
  fixed.write(format, 20);
  return Buffer.concat([fixed, ...blocks]);
}

test('any properties come back as they were', () => {
  const name = fc
    .stringMatching(/^[a-z][a-z0-9]{0,5}(\.[a-z]{1,4}){0,2}$/)
    .filter((text) => !text.startsWith('usr.'));
  const property = fc.oneof(
    fc.tuple(name, fc.string()).map(([key, text]) => string(key, text)),
    fc
      .tuple(name, fc.integer())
      .map(([key, value]) => newProperty(key, Type.INT32, Buffer.from(Int32Array.of(value).buffer))),
    fc
      .tuple(name, fc.boolean())
      .map(([key, value]) =>
        newProperty(key, Type.BOOLEAN, Buffer.from(Int32Array.of(value ? 1 : 0).buffer)),
      ),
    fc
      .tuple(name, fc.uint8Array())
      .map(([key, value]) => newProperty(key, Type.BYTE_STRING, Buffer.from(value))),
    fc
      .tuple(name, fc.double({ noNaN: true }))
      .map(([key, value]) => newProperty(key, Type.FLOAT64, Buffer.from(Float64Array.of(value).buffer))),
    name.map((key) => newProperty(key, Type.NULL, Buffer.alloc(0))),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(property, { selector: ({ name: key }) => key, maxLength: 8 }),
      fc.uint8Array(),
      (properties, data) => {
        const encoded = Buffer.concat([encodeRfh2(properties, following), data]);
        const split = splitRfh2(asMessage(encoded));
        const byName = (list: typeof properties) =>
          Object.fromEntries(list.map((entry) => [entry.name, entry]));
        expect(byName(split.properties)).toEqual(byName(properties));
        expect(split.data).toEqual(Buffer.from(data));
        expect(split.following).toEqual(following);
      },
    ),
  );
});

test('headers of JMS are read, in either byte order', () => {
  const header = bigEndianHeader([
    '<mcd><Msd>jms_text</Msd></mcd>',
    '<jms><Dst>queue:///Q</Dst><Tms>1</Tms></jms>',
    "<usr><paid dt='boolean'>1</paid><total dt='i4'>500</total></usr>",
  ]);
  const split = splitRfh2({
    encoding: 273,
    ccsid: 819,
    format: FORMAT_RFH2,
    data: Buffer.concat([header, Buffer.from('x')]),
  });
  expect(split.properties.map(({ name, value }) => [name, value.toString()])).toEqual([
    ['mcd.Msd', 'jms_text'],
    ['jms.Dst', 'queue:///Q'],
    ['jms.Tms', '1'],
    ['paid', '\u0001\0\0\0'],
    ['total', '\u00f4\u0001\0\0'.replace('\u00f4', Buffer.from([0xf4]).toString())],
  ]);
  expect(split).toMatchObject({ following: { encoding: 273, ccsid: 1208, format: 'MQSTR' } });
  expect(split.data.toString()).toBe('x');
});

test('folders without properties stay in the header', () => {
  const header = bigEndianHeader(['<custom>text</custom>', '<usr><a>1</a></usr>']);
  const split = splitRfh2({ encoding: 273, ccsid: 1208, format: FORMAT_RFH2, data: header });
  expect(split.properties).toHaveLength(1);
  expect(split.following.format).toBe(FORMAT_RFH2);
  expect(split.data.toString('latin1')).toContain('<custom>text</custom>');
  expect(split.data.toString('latin1')).not.toContain('<usr>');
});

test.each([['<usr><a>1</usr>'], ['<usr><a>1</a>'], ['<usr>'], ['text'], ['<usr></usr><usr></usr>']])(
  '%s is not well formed, and the message stays as it is',
  (folder) => {
    const data = bigEndianHeader([folder]);
    expect(splitRfh2({ encoding: 273, ccsid: 1208, format: FORMAT_RFH2, data })).toMatchObject({
      properties: [],
      data,
    });
  },
);

test('only properties of the reserved folders make a header for old programs', () => {
  expect(isCompatible([string('a', '')])).toBe(true);
  expect(isCompatible([string('jms.Dst', '')])).toBe(true);
  expect(isCompatible([string('my.own', '')])).toBe(false);
});

import * as fc from 'fast-check';
import { MalformedMessageError } from './errors.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

function roundTrip<T>(write: (writer: Writer) => void, read: (reader: Reader) => T): T {
  const writer = new Writer(1);
  write(writer);
  const reader = new Reader(Buffer.concat(writer.finish()));
  const value = read(reader);
  expect(reader.remaining).toBe(0);
  return value;
}

test.each([
  ['int8', -128, 127],
  ['int16', -32_768, 32_767],
  ['int32', -(2 ** 31), 2 ** 31 - 1],
  ['int64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
] as const)('%s survives the way there and back', (type, min, max) => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const inRange = Math.max(min, Math.min(max, value));
      expect(
        roundTrip(
          (writer) => writer[type](inRange),
          (reader) => reader[type](),
        ),
      ).toBe(inRange);
    }),
  );
});

test('an int64 beyond what a number holds stays as near as it can, up to the ends of the range', () => {
  const longest = Buffer.from('7fffffffffffffff8000000000000000', 'hex');
  const reader = new Reader(longest);
  const writer = new Writer();
  writer.int64(reader.int64());
  writer.int64(reader.int64());
  expect(Buffer.concat(writer.finish())).toEqual(longest);
});

test('unsigned varints survive the way there and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      expect(
        roundTrip(
          (writer) => writer.unsignedVarint(value),
          (reader) => reader.unsignedVarint(),
        ),
      ).toBe(value);
    }),
  );
});

test('uuids and text survive the way there and back', () => {
  const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
  expect(
    roundTrip(
      (writer) => writer.uuid(id),
      (reader) => reader.uuid(),
    ),
  ).toBe(id);
  const text = 'häßlich €';
  const bytes = Buffer.byteLength(text);
  expect(
    roundTrip(
      (writer) => writer.text(text, bytes),
      (reader) => reader.text(bytes),
    ),
  ).toBe(text);
});

test('long byte sequences are passed on without a copy, and patching the start still works', () => {
  const long = Buffer.alloc(10_000, 1);
  const writer = new Writer(4);
  writer.int32(0);
  writer.bytes(long);
  writer.int8(7);
  writer.patchInt32(0, 42);
  const buffers = writer.finish();
  expect(buffers.some((buffer) => buffer === long)).toBe(true);
  expect(writer.length).toBe(10_005);
  expect(buffers[0]).toEqual(Buffer.from([0, 0, 0, 42]));
  expect(buffers.at(-1)).toEqual(Buffer.from([7]));
});

test('a reader never reads past the end', () => {
  const read: ((reader: Reader) => unknown)[] = [
    (reader) => reader.int8(),
    (reader) => reader.int16(),
    (reader) => reader.int32(),
    (reader) => reader.int64(),
    (reader) => reader.uuid(),
    (reader) => reader.unsignedVarint(),
    (reader) => reader.length16(),
    (reader) => reader.length32(),
    (reader) => reader.compactLength(),
    (reader) => reader.skipTaggedFields(),
  ];
  for (const attempt of read)
    expect(() => attempt(new Reader(Buffer.alloc(0)))).toThrow(MalformedMessageError);
});

test.each([
  ['a length beyond the frame', '7fffffff', (reader: Reader) => reader.length32()],
  ['a negative length that is not null', 'fffffffe', (reader: Reader) => reader.length32()],
  ['a varint without an end', 'ffffffffffffffff', (reader: Reader) => reader.unsignedVarint()],
])('%s is malformed', (_case, hex, read) => {
  expect(() => read(new Reader(Buffer.from(hex, 'hex')))).toThrow(MalformedMessageError);
});

import { MalformedMessageError } from './errors.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** The versions of a message that carry a field, written as in Kafka's documentation: '3', '0-7' or '4+'. */
export type Versions = `${number}` | `${number}-${number}` | `${number}+`;

/** Reads and writes one field in one version of a message. */
export interface Codec<Read, Write> {
  read(this: void, reader: Reader): Read;
  write(this: void, writer: Writer, value: Write): void;
}

/** A field of a message: its type, the versions that carry it, and what it is in the others. */
export interface Field<Read, Write = Read, Optional extends boolean = boolean> {
  readonly versions: Versions;
  /** What a reader sees where the version lacks the field, and what is written where the value is left out. */
  readonly absent: Read & Write;
  /** Whether a writer may leave the value out; present for its type only. */
  readonly optional?: Optional;
  codec(version: number, flexible: boolean): Codec<Read, Write>;
}

export type Fields = Record<string, Field<unknown>>;

type ReadOf<F> = F extends Field<infer Read, infer _Write> ? Read : never;
type WriteOf<F> = F extends Field<infer _Read, infer Write> ? Write : never;
type OptionalNames<F extends Fields> = {
  [Name in keyof F]: F[Name] extends Field<infer _Read, infer _Write, true> ? Name : never;
}[keyof F];

/** What reading a structure yields: every field, with its absent value where the version lacks it. */
export type Received<F extends Fields> = { -readonly [Name in keyof F]: ReadOf<F[Name]> };

/** What must be given to write a structure: fields that were declared with a fallback may be left out. */
export type Draft<F extends Fields> = {
  -readonly [Name in Exclude<keyof F, OptionalNames<F>>]: WriteOf<F[Name]>;
} & { -readonly [Name in OptionalNames<F>]?: WriteOf<F[Name]> };

interface Primitive<T> {
  (versions?: Versions): Field<T, T, false>;
  (versions: Versions, fallback: T): Field<T, T, true>;
}

function primitive<T>(codec: (flexible: boolean) => Codec<T, T>, zero: T): Primitive<T> {
  const codecs = { classic: codec(false), compact: codec(true) };
  const declare = (versions: Versions = '0+', fallback: T = zero) => ({
    versions,
    absent: fallback,
    codec: (_version: number, flexible: boolean) => (flexible ? codecs.compact : codecs.classic),
  });
  return declare;
}

function number(type: 'int8' | 'int16' | 'int32' | 'int64'): Primitive<number> {
  return primitive(
    () => ({ read: (reader) => reader[type](), write: (writer, value) => writer[type](value) }),
    0,
  );
}

export const int8 = number('int8');
export const int16 = number('int16');
export const int32 = number('int32');
export const int64 = number('int64');
export const boolean = primitive<boolean>(
  () => ({ read: (reader) => reader.boolean(), write: (writer, value) => writer.boolean(value) }),
  false,
);
export const uuid = primitive<string>(
  () => ({ read: (reader) => reader.uuid(), write: (writer, value) => writer.uuid(value) }),
  '00000000-0000-0000-0000-000000000000',
);

function notNull<T>(value: T | null): T {
  if (value === null) throw new MalformedMessageError('null where a value is required');
  return value;
}

const text = (flexible: boolean): Codec<string | null, string | null> => ({
  read(reader) {
    const length = flexible ? reader.compactLength() : reader.length16();
    return length < 0 ? null : reader.text(length);
  },
  write(writer, value) {
    const length = value === null ? -1 : Buffer.byteLength(value);
    if (flexible) writer.unsignedVarint(length + 1);
    else writer.int16(length);
    if (value !== null) writer.text(value, length);
  },
});

const byteSequence = (flexible: boolean): Codec<Buffer | null, Buffer | null> => ({
  read(reader) {
    const length = flexible ? reader.compactLength() : reader.length32();
    return length < 0 ? null : reader.bytes(length);
  },
  write(writer, value) {
    const length = value === null ? -1 : value.length;
    if (flexible) writer.unsignedVarint(length + 1);
    else writer.int32(length);
    if (value !== null) writer.bytes(value);
  },
});

const required =
  <T>(codec: (flexible: boolean) => Codec<T | null, T | null>) =>
  (flexible: boolean): Codec<T, T> => {
    const { read, write } = codec(flexible);
    return { read: (reader) => notNull(read(reader)), write };
  };

export const string = primitive<string>(required(text), '');
export const nullableString = primitive<string | null>(text, null);
export const bytes = primitive<Buffer>(required(byteSequence), Buffer.alloc(0));

/** Record batches: one view of the frame when read, any number of buffers, one after the other, when written. */
export function records(versions: Versions = '0+'): Field<Buffer | null, readonly Buffer[] | null, false> {
  return {
    versions,
    absent: null,
    codec: (_version, flexible) => ({
      read: byteSequence(flexible).read,
      write(writer, value) {
        const length = value === null ? -1 : value.reduce((sum, buffer) => sum + buffer.length, 0);
        if (flexible) writer.unsignedVarint(length + 1);
        else writer.int32(length);
        for (const buffer of value ?? []) writer.bytes(buffer);
      },
    }),
  };
}

function elements<Read, Write>(
  element: Codec<Read, Write>,
  flexible: boolean,
): Codec<Read[] | null, readonly Write[] | null> {
  return {
    read(reader) {
      const length = flexible ? reader.compactLength() : reader.length32();
      if (length < 0) return null;
      const values: Read[] = [];
      for (let index = 0; index < length; index++) values.push(element.read(reader));
      return values;
    },
    write(writer, values) {
      const length = values === null ? -1 : values.length;
      if (flexible) writer.unsignedVarint(length + 1);
      else writer.int32(length);
      for (const value of values ?? []) element.write(writer, value);
    },
  };
}

/** An array of structures. A version that lacks it reads as an empty one. */
export function array<F extends Fields>(
  fields: F,
  versions: Versions = '0+',
): Field<Received<F>[], readonly Draft<F>[], false> {
  return {
    versions,
    absent: [],
    codec(version, flexible) {
      const { read, write } = elements(structure(fields, version, flexible), flexible);
      return { read: (reader) => notNull(read(reader)), write };
    },
  };
}

/** An array of structures that may be null, which usually means "all". */
export function nullableArray<F extends Fields>(
  fields: F,
  versions: Versions = '0+',
): Field<Received<F>[] | null, readonly Draft<F>[] | null, false> {
  return {
    versions,
    absent: null,
    codec: (version, flexible) => elements(structure(fields, version, flexible), flexible),
  };
}

/** An array of plain values, as in `list(int32())`. */
export function list<T>(element: Field<T>, versions: Versions = '0+'): Field<T[], readonly T[], false> {
  return {
    versions,
    absent: [],
    codec(version, flexible) {
      const { read, write } = elements(element.codec(version, flexible), flexible);
      return { read: (reader) => notNull(read(reader)), write };
    },
  };
}

export function nullableList<T>(
  element: Field<T>,
  versions: Versions = '0+',
): Field<T[] | null, readonly T[] | null, false> {
  return {
    versions,
    absent: null,
    codec: (version, flexible) => elements(element.codec(version, flexible), flexible),
  };
}

/** The codec of a structure in one version. In flexible versions every structure ends with tagged fields. */
export function structure<F extends Fields>(
  fields: F,
  version: number,
  flexible: boolean,
): Codec<Received<F>, Draft<F>> {
  const declared = Object.entries(fields);
  const carried = declared
    .filter(([, field]) => includes(field.versions, version))
    .map(([name, field]) => ({ name, absent: field.absent, codec: field.codec(version, flexible) }));
  const blank = Object.fromEntries(declared.map(([name, field]) => [name, field.absent]));
  return {
    read(reader) {
      const message = { ...blank };
      for (const { name, codec } of carried) message[name] = codec.read(reader);
      if (flexible) reader.skipTaggedFields();
      return message as Received<F>;
    },
    write(writer, draft) {
      const values = draft as Record<string, unknown>;
      for (const { name, absent, codec } of carried) {
        const value = values[name];
        codec.write(writer, value === undefined ? absent : value);
      }
      if (flexible) writer.noTaggedFields();
    },
  };
}

function includes(versions: Versions, version: number): boolean {
  const [first, last] = versions.split(/[-+]/);
  const from = Number(first);
  const to = last === undefined ? from : last === '' ? Infinity : Number(last);
  return version >= from && version <= to;
}

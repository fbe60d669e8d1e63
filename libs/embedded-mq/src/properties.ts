/**
 * Message properties as they travel with a message: name, type, support, context, copy options and value,
 * one after the other (native/properties.c writes and reads the same form).
 */
import { PayloadReader } from './protocol.js';

/** MQTYPE_* */
export const PropertyType = {
  NULL: 0x2,
  BOOLEAN: 0x4,
  BYTE_STRING: 0x8,
  INT8: 0x10,
  INT16: 0x20,
  INT32: 0x40,
  INT64: 0x80,
  FLOAT32: 0x100,
  FLOAT64: 0x200,
  STRING: 0x400,
} as const;

const SUPPORT_OPTIONAL = 1;
const NO_CONTEXT = 0;
const COPY_DEFAULT = 0x16;

export interface Property {
  /** Without the folder `usr.`, which is meant when there is no other. */
  name: string;
  type: number;
  support: number;
  context: number;
  copy: number;
  value: Buffer;
}

export function newProperty(name: string, type: number, value: Buffer): Property {
  return { name, type, value, support: SUPPORT_OPTIONAL, context: NO_CONTEXT, copy: COPY_DEFAULT };
}

/** @throws ProtocolError when the bytes are no list of properties */
export function decodeProperties(bytes: Buffer): Property[] {
  const reader = new PayloadReader(bytes);
  const properties: Property[] = [];
  while (!reader.atEnd) {
    const name = reader.text();
    const [type, support, context, copy] = [reader.int32(), reader.int32(), reader.int32(), reader.int32()];
    properties.push({ name, type, support, context, copy, value: reader.bytes(reader.int32()) });
  }
  return properties;
}

export function encodeProperties(properties: readonly Property[]): Buffer {
  return Buffer.concat(
    properties.map(({ name, type, support, context, copy, value }) => {
      const text = Buffer.from(name, 'utf8');
      const head = Buffer.alloc(2 + text.length + 20);
      head.writeUInt16LE(text.length, 0);
      head.set(text, 2);
      for (const [i, field] of [type, support, context, copy, value.length].entries()) {
        head.writeInt32LE(field, 2 + text.length + i * 4);
      }
      return Buffer.concat([head, value]);
    }),
  );
}

/** A property's value as text, number or truth; undefined for NULL and for bytes. */
export function propertyValue({ type, value }: Property): string | number | boolean | undefined {
  switch (type) {
    case PropertyType.BOOLEAN:
      return value.readInt32LE(0) !== 0;
    case PropertyType.INT8:
      return value.readInt8(0);
    case PropertyType.INT16:
      return value.readInt16LE(0);
    case PropertyType.INT32:
      return value.readInt32LE(0);
    case PropertyType.INT64:
      return Number(value.readBigInt64LE(0));
    case PropertyType.FLOAT32:
      return value.readFloatLE(0);
    case PropertyType.FLOAT64:
      return value.readDoubleLE(0);
    case PropertyType.STRING:
      return value.toString('utf8');
    default:
      return undefined;
  }
}

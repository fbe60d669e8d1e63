import { InvalidMessageError } from '../errors.js';
import { ID_LENGTH } from '../mqi/constants.js';

/**
 * Message and correlation identifiers are 24 bytes, written as hex digits. Given fewer, for example the 32 of a UUID
 * (with or without hyphens), the rest is zero.
 *
 * @throws InvalidMessageError when the text is not that.
 */
export function toIdentifier(text: string): Buffer {
  const digits = text.replaceAll('-', '');
  if (!/^(?:[0-9a-f]{2}){1,24}$/i.test(digits)) {
    throw new InvalidMessageError(
      `"${text}" is no identifier of MQ: up to 24 bytes as hex digits, or a UUID.`,
    );
  }
  const identifier = Buffer.alloc(ID_LENGTH);
  identifier.write(digits, 'hex');
  return identifier;
}

/** An identifier as 48 hex digits; undefined when it is all zeros, which in MQ means none. */
export function fromIdentifier(identifier: Buffer): string | undefined {
  for (const byte of identifier) if (byte !== 0) return identifier.toString('hex');
  return undefined;
}

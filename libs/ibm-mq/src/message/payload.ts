import type { IncomingMessage } from './incoming-message.js';

/** Text that is JSON as its value, other text as a string, bytes as a Buffer. */
export function payloadOf(message: IncomingMessage): unknown {
  if (!message.isText) return message.body;
  const text = message.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Strings and Buffers as they are, everything else as JSON text. */
export function encodePayload(payload: unknown): string | Buffer {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return payload;
  return JSON.stringify(payload) ?? '';
}

import { createRequire } from 'node:module';
import { readFetchAnswer, type FetchRequest } from './fetch-answer.js';

interface Exchange {
  readonly response: { decode(bytes: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
}

/** How kafkajs knows a request of the protocol. */
interface Definition {
  protocol: (wanted: { version: number }) => (request: FetchRequest) => Exchange;
}

interface Encoder {
  writeVarInt(value: number): Encoder;
  writeVarIntBytes: (this: Encoder, value: unknown) => Encoder;
}

/** First version of Fetch whose answers hold batches of records, and last that kafkajs knows. */
const FIRST_VERSION = 4;
const LAST_VERSION = 11;

/** Stands for the value of a header that has none; kafkajs cannot send null there. */
export const NO_VALUE: Buffer = Buffer.alloc(0);

const require = createRequire(import.meta.url);
let installed = false;

/**
 * Puts our own reading of fetched records in the place of that of kafkajs, and lets it send headers without a value. kafkajs
 * reads headers into an object with a prototype and copies it for each header, knows of gzip alone, does not look at
 * checksums, opens whatever size, and a batch that it cannot read stops the consumer for ever.
 */
export function installRecordReading(): void {
  if (installed) return;
  installed = true;
  const fetch = require('kafkajs/src/protocol/requests/fetch') as Definition;
  const protocolOf = fetch.protocol;
  fetch.protocol = ({ version }) => {
    const exchangeFor = protocolOf({ version });
    if (version < FIRST_VERSION || version > LAST_VERSION) return exchangeFor;
    return (request) => {
      const exchange = exchangeFor(request);
      const decode = (bytes: Buffer) => readFetchAnswer(bytes, version, request);
      return { ...exchange, response: { ...exchange.response, decode } };
    };
  };
  const { prototype } = require('kafkajs/src/protocol/encoder') as { prototype: Encoder };
  const writeVarIntBytes = prototype.writeVarIntBytes;
  prototype.writeVarIntBytes = function write(value) {
    // As long as the length of no bytes at all, which kafkajs has counted.
    return value === NO_VALUE ? this.writeVarInt(-1) : writeVarIntBytes.call(this, value);
  };
}

/**
 * The frames between the C client library and the queue manager. PROTOCOL.md describes them; this file and
 * native/wire.h are its two implementations.
 */
import { Completion } from './mqi-constants.js';

export const MAGIC = 0x514d424f; // "OBMQ"
export const VERSION = 2;
export const HEADER_LENGTH = 8;
/** Longest payload that is accepted, in bytes: the longest message (100 MB) with its properties. */
export const MAX_PAYLOAD = 110 * 1024 * 1024;
/** Longest payload before the connection is accepted, so that strangers cannot make us buffer. */
export const MAX_CONNECT_PAYLOAD = 64 * 1024;

export const Operation = {
  CONNECT: 1,
  DISCONNECT: 2,
  OPEN: 3,
  CLOSE: 4,
  PUT: 5,
  PUT1: 6,
  GET: 7,
  COMMIT: 8,
  BACKOUT: 9,
  INQUIRE: 10,
  SET: 11,
  REGISTER: 12,
  DEREGISTER: 13,
  CONSUME: 14,
  CANCEL: 15,
  HEARTBEAT: 16,
} as const;

const REPLY_FLAG = 0x8000;

/** A frame that breaks the protocol; its sender is disconnected. */
export class ProtocolError extends Error {}

/** Reads the fields of one payload in order. Throws ProtocolError when it is too short. */
export class PayloadReader {
  private position = 0;

  constructor(private readonly payload: Buffer) {}

  private advance(length: number): number {
    const start = this.position;
    if (length < 0 || start + length > this.payload.length) throw new ProtocolError('payload too short');
    this.position = start + length;
    return start;
  }

  get atEnd(): boolean {
    return this.position === this.payload.length;
  }

  int32(): number {
    return this.payload.readInt32LE(this.advance(4));
  }

  int32s(count: number): number[] {
    if (count < 0 || count * 4 > this.payload.length) throw new ProtocolError('count out of range');
    return Array.from({ length: count }, () => this.int32());
  }

  uint16(): number {
    return this.payload.readUInt16LE(this.advance(2));
  }

  /** A 16-bit length and as many bytes. */
  text(): string {
    return this.bytes(this.uint16()).toString('utf8');
  }

  /** A blank- or null-padded field. */
  name(length: number): string {
    const field = this.bytes(length).toString('latin1');
    const end = field.indexOf('\0');
    return (end < 0 ? field : field.slice(0, end)).trimEnd();
  }

  /** A view into the payload: copy what outlives the request. */
  bytes(length: number): Buffer {
    const start = this.advance(length);
    return this.payload.subarray(start, start + length);
  }

  rest(): Buffer {
    return this.bytes(this.payload.length - this.position);
  }
}

/** Cuts a byte stream into frames. Throws ProtocolError for a frame longer than `maxPayload`. */
export class FrameReader {
  maxPayload = MAX_CONNECT_PAYLOAD;
  private pending: Buffer = Buffer.alloc(0);
  private chunks: Buffer[] = [];
  private missing = 0;

  /** Calls `receive` for each frame that `chunk` completes; payloads are views into received memory. */
  push(chunk: Buffer, receive: (operation: number, payload: Buffer) => void): void {
    let data = chunk;
    if (this.missing > 0) {
      this.chunks.push(chunk);
      this.missing -= chunk.length;
      if (this.missing > 0) return;
      data = Buffer.concat([this.pending, ...this.chunks]);
      this.chunks = [];
      this.missing = 0;
      this.pending = Buffer.alloc(0);
    }
    let start = 0;
    while (data.length - start >= HEADER_LENGTH) {
      const length = data.readUInt32LE(start);
      if (length > this.maxPayload) throw new ProtocolError('frame too long');
      const end = start + HEADER_LENGTH + length;
      if (end > data.length) break;
      receive(data.readUInt16LE(start + 4), data.subarray(start + HEADER_LENGTH, end));
      start = end;
    }
    if (start === data.length) return;
    this.pending = data.subarray(start);
    const wanted =
      this.pending.length < HEADER_LENGTH ? HEADER_LENGTH : HEADER_LENGTH + this.pending.readUInt32LE(0);
    this.missing = wanted - this.pending.length;
  }
}

/** Builds one reply: completion code, reason code and the operation's fields. */
export class ReplyWriter {
  private readonly frame: Buffer;
  private position = HEADER_LENGTH;

  /** @param length of the fields that follow the two codes, in bytes */
  constructor(operation: number, completion: number, reason: number, length = 0) {
    this.frame = Buffer.allocUnsafe(HEADER_LENGTH + 8 + length);
    this.frame.writeUInt32LE(8 + length, 0);
    this.frame.writeUInt16LE(operation | REPLY_FLAG, 4);
    this.frame.writeUInt16LE(0, 6);
    this.int32(completion).int32(reason);
  }

  int32(value: number): this {
    this.position = this.frame.writeInt32LE(value, this.position);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.frame.set(bytes, this.position);
    this.position += bytes.length;
    return this;
  }

  /** A blank-padded field. */
  name(text: string, length: number): this {
    const end = this.position + length;
    this.frame.fill(0x20, this.position, end);
    this.frame.write(text, this.position, length, 'latin1');
    this.position = end;
    return this;
  }

  done(): Buffer {
    if (this.position !== this.frame.length) throw new Error('reply length does not fit its fields');
    return this.frame;
  }
}

/** Says that this end of the connection lives. */
export function heartbeat(): Buffer {
  const frame = Buffer.alloc(HEADER_LENGTH);
  frame.writeUInt16LE(Operation.HEARTBEAT, 4);
  return frame;
}

/** The reply to a verb that failed, with nothing but the codes. */
export function failure(operation: number, reason: number): Buffer {
  return new ReplyWriter(operation, Completion.FAILED, reason).done();
}

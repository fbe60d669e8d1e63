import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Api } from '../src/protocol/api.js';
import { Reader } from '../src/protocol/reader.js';
import type { Draft, Fields, Received } from '../src/protocol/schema.js';
import { Writer } from '../src/protocol/writer.js';
import { FrameSplitter } from '../src/network/frame-splitter.js';

const apiVersionsKey = 18;

interface PendingResponse {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A client without any logic of its own: sends requests in any version, pipelined, and decodes the responses. */
export class RawClient {
  private readonly pending = new Map<number, PendingResponse>();
  private readonly splitter = new FrameSplitter(2 ** 31 - 1);
  private correlationId = 0;

  private constructor(readonly socket: Socket) {
    socket.on('data', (piece) => {
      for (const frame of this.splitter.push(piece)) this.receive(frame);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      for (const { reject } of this.pending.values()) reject(new Error('The connection was closed.'));
      this.pending.clear();
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends a request and decodes its response; rejects when the connection is closed before there is one. */
  async send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    request: Draft<Request>,
  ): Promise<Received<Response>> {
    const writer = this.startRequest(api.key, version, api.isFlexible(version));
    api.writeRequest(version, writer, request);
    const reader = new Reader(await this.exchange(writer));
    reader.int32();
    if (api.isFlexible(version) && api.key !== apiVersionsKey) reader.skipTaggedFields();
    const response = api.readResponse(version, reader);
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes too many in the response`);
    return response;
  }

  /** Sends a request with any header and body; the answer is the response's frame. */
  sendRaw(key: number, version: number, body = Buffer.alloc(0)): Promise<Buffer> {
    const writer = this.startRequest(key, version, false);
    writer.bytes(body);
    return this.exchange(writer);
  }

  close(): void {
    this.socket.destroy();
  }

  private startRequest(key: number, version: number, flexible: boolean): Writer {
    const writer = new Writer();
    writer.int32(0);
    writer.int16(key);
    writer.int16(version);
    writer.int32(++this.correlationId);
    writer.int16(3);
    writer.text('raw', 3);
    if (flexible) writer.noTaggedFields();
    return writer;
  }

  private exchange(writer: Writer): Promise<Buffer> {
    writer.patchInt32(0, writer.length - 4);
    const id = this.correlationId;
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(new Error('The connection was closed.'));
        return;
      }
      this.pending.set(id, { resolve, reject });
      this.socket.write(Buffer.concat(writer.finish()));
    });
  }

  private receive(frame: Buffer): void {
    const id = frame.readInt32BE(0);
    this.pending.get(id)?.resolve(frame);
    this.pending.delete(id);
  }
}

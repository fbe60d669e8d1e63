import type { Socket } from 'node:net';
import { FrameSplitter } from './frame-splitter.js';

/** Requests that may be under way together on one connection, and their bytes. */
const maxPipelined = 16;
const maxPipelinedBytes = 8 * 1024 * 1024;
/** Requests that may be read ahead while others are under way. */
const maxQueued = 64;
const maxQueuedBytes = 1024 * 1024;
/** Response bytes that may wait for a slow client before its next request is begun. */
const maxUnsentBytes = 1024 * 1024;

/** Finds peers that have gone without a word. */
const keepAliveMs = 60_000;

/** Answers frames. */
export interface FrameHandler {
  /**
   * Answers one request: with the response's buffers, or with null when the protocol wants no response.
   * An error closes the connection.
   */
  handle(frame: Buffer, connection: Connection): Buffer[] | null | Promise<Buffer[] | null>;
  /** Whether the request may begin while earlier ones of the same kind are still under way. */
  mayPipeline(frame: Buffer): boolean;
}

export interface ConnectionOptions {
  readonly maxRequestBytes: number;
  /** A connection on which nothing moves for so long is closed. */
  readonly idleTimeoutMs: number;
  readonly log: (line: string) => void;
}

interface RunningRequest {
  readonly bytes: number;
  readonly mayPipeline: boolean;
  response: Buffer[] | null | undefined;
}

/**
 * One client. Its requests are worked on in order, one at a time but for those that may be pipelined, and answered in
 * order. A client that sends faster than it is served, or does not read its responses, is not read from.
 */
export class Connection {
  readonly peer: string;
  private readonly splitter: FrameSplitter;
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private readonly running: RunningRequest[] = [];
  private runningBytes = 0;
  private readonly closeListeners = new Set<() => void>();

  constructor(
    private readonly socket: Socket,
    private readonly handler: FrameHandler,
    private readonly options: ConnectionOptions,
  ) {
    this.peer = plainAddress(socket.remoteAddress);
    this.splitter = new FrameSplitter(options.maxRequestBytes);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.setTimeout(options.idleTimeoutMs, () => socket.destroy());
    socket.on('data', (piece) => this.receive(piece));
    socket.on('drain', () => this.startRequests());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.queue.length = 0;
      for (const listener of this.closeListeners) listener();
    });
  }

  /** The address under which the client has reached the broker. */
  get localAddress(): { readonly host: string; readonly port: number } {
    return { host: plainAddress(this.socket.localAddress), port: this.socket.localPort ?? 0 };
  }

  /** Calls `listener` when the connection closes, until the returned function is called. */
  onClose(listener: () => void): () => void {
    this.closeListeners.add(listener);
    return () => this.closeListeners.delete(listener);
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(piece: Buffer): void {
    try {
      for (const frame of this.splitter.push(piece)) {
        this.queue.push(frame);
        this.queuedBytes += frame.length;
      }
      this.startRequests();
    } catch (error) {
      this.fail(error);
    }
  }

  private startRequests(): void {
    while (this.queue.length > 0 && this.mayStart(this.queue[0]!)) {
      const frame = this.queue.shift()!;
      this.queuedBytes -= frame.length;
      this.start(frame);
    }
    const isFull = this.queue.length > maxQueued || this.queuedBytes > maxQueuedBytes;
    if (isFull) this.socket.pause();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  private mayStart(frame: Buffer): boolean {
    if (this.socket.destroyed || this.socket.writableLength > maxUnsentBytes) return false;
    if (this.running.length === 0) return true;
    return (
      this.running.length < maxPipelined &&
      this.runningBytes < maxPipelinedBytes &&
      this.running.every((request) => request.mayPipeline) &&
      this.handler.mayPipeline(frame)
    );
  }

  private start(frame: Buffer): void {
    const request: RunningRequest = {
      bytes: frame.length,
      mayPipeline: this.handler.mayPipeline(frame),
      response: undefined,
    };
    this.running.push(request);
    this.runningBytes += request.bytes;
    try {
      const response = this.handler.handle(frame, this);
      if (!(response instanceof Promise)) {
        this.finish(request, response);
        return;
      }
      this.finishLater(request, response).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  private async finishLater(request: RunningRequest, response: Promise<Buffer[] | null>): Promise<void> {
    this.finish(request, await response);
    this.startRequests();
  }

  private finish(request: RunningRequest, response: Buffer[] | null): void {
    request.response = response;
    while (this.running.length > 0 && this.running[0]!.response !== undefined) {
      const { bytes, response: buffers } = this.running.shift()!;
      this.runningBytes -= bytes;
      if (buffers) this.send(buffers);
    }
  }

  private send(buffers: Buffer[]): void {
    if (this.socket.destroyed) return;
    this.socket.cork();
    for (const buffer of buffers) this.socket.write(buffer);
    this.socket.uncork();
  }

  private fail(error: unknown): void {
    if (this.socket.destroyed) return;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.options.log(`Closed the connection of ${this.peer}:${this.socket.remotePort}: ${reason}`);
    this.socket.destroy();
  }
}

/** IPv4 clients of a dual-stack socket appear as ::ffff:a.b.c.d. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

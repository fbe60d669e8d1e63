import { MalformedMessageError } from '../protocol/errors.js';

const sizeBytes = 4;

/** Cuts what a socket delivers into frames: four bytes of length, then the frame. */
export class FrameSplitter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** Bytes without which the next frame is not complete. */
  private wanted = sizeBytes;

  constructor(private readonly maxFrameBytes: number) {}

  /**
   * Takes the next piece and returns the frames that it completes. A frame within one piece is a view of it; one that
   * came in several is copied together once.
   *
   * @throws MalformedMessageError when a length is negative or beyond the limit
   */
  push(piece: Buffer): Buffer[] {
    this.pending.push(piece);
    this.pendingBytes += piece.length;
    if (this.pendingBytes < this.wanted) return [];
    const buffer = this.pending.length === 1 ? piece : Buffer.concat(this.pending, this.pendingBytes);
    const frames: Buffer[] = [];
    let position = 0;
    for (;;) {
      this.wanted = this.frameEnd(buffer, position);
      if (buffer.length - position < this.wanted) break;
      frames.push(buffer.subarray(position + sizeBytes, position + this.wanted));
      position += this.wanted;
    }
    const rest = buffer.subarray(position);
    this.pending = rest.length > 0 ? [rest] : [];
    this.pendingBytes = rest.length;
    return frames;
  }

  private frameEnd(buffer: Buffer, position: number): number {
    if (buffer.length - position < sizeBytes) return sizeBytes;
    const size = buffer.readInt32BE(position);
    if (size < 0 || size > this.maxFrameBytes) {
      throw new MalformedMessageError(`a frame of ${size} bytes; at most ${this.maxFrameBytes} are accepted`);
    }
    return sizeBytes + size;
  }
}

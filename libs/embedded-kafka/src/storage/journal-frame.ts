import { crc32 } from 'node:zlib';

/**
 * A frame is what one group commit writes. All numbers are big-endian:
 *
 *     crc32 (4)  of everything that follows
 *     bytes (4)  of the entries
 *     generation (4)  of the journal file: what an earlier use of the file left behind has a lower one
 *     sequence (6)  counts the frames without a gap, over all generations
 *     entries, each: kind (1), bytes (4), content
 */
const headerBytes = 18;
const entryHeaderBytes = 5;

export interface FrameEntry {
  readonly kind: number;
  /** The content in pieces, which are written one after the other. */
  readonly content: readonly Buffer[];
}

export interface Frame {
  readonly generation: number;
  readonly sequence: number;
  readonly entries: readonly { readonly kind: number; readonly content: Buffer }[];
  /** Position after the frame. */
  readonly end: number;
}

export function entryBytes(entry: FrameEntry): number {
  return entry.content.reduce((sum, piece) => sum + piece.length, entryHeaderBytes);
}

/** The frame in pieces; the contents are not copied. */
export function encodeFrame(generation: number, sequence: number, entries: readonly FrameEntry[]): Buffer[] {
  const header = Buffer.allocUnsafe(headerBytes);
  const pieces: Buffer[] = [header];
  let bytes = 0;
  for (const entry of entries) {
    const length = entryBytes(entry);
    const entryHeader = Buffer.allocUnsafe(entryHeaderBytes);
    entryHeader.writeUInt8(entry.kind, 0);
    entryHeader.writeUInt32BE(length - entryHeaderBytes, 1);
    pieces.push(entryHeader, ...entry.content);
    bytes += length;
  }
  header.writeUInt32BE(bytes, 4);
  header.writeUInt32BE(generation, 8);
  header.writeUIntBE(sequence, 12, 6);
  let crc = crc32(header.subarray(4));
  for (const piece of pieces.slice(1)) crc = crc32(piece, crc);
  header.writeUInt32BE(crc, 0);
  return pieces;
}

/** The frame at a position of a journal file; undefined where none is, or only a part of one that was being written. */
export function decodeFrame(file: Buffer, position: number): Frame | undefined {
  if (position + headerBytes > file.length) return undefined;
  const bytes = file.readUInt32BE(position + 4);
  const end = position + headerBytes + bytes;
  if (bytes === 0 || end > file.length) return undefined;
  if (crc32(file.subarray(position + 4, end)) !== file.readUInt32BE(position)) return undefined;
  const entries = [];
  for (let at = position + headerBytes; at < end;) {
    const from = at + entryHeaderBytes;
    const to = from + file.readUInt32BE(at + 1);
    entries.push({ kind: file.readUInt8(at), content: file.subarray(from, to) });
    at = to;
  }
  return {
    generation: file.readUInt32BE(position + 8),
    sequence: file.readUIntBE(position + 12, 6),
    entries,
    end,
  };
}

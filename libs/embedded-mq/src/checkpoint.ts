import { closeSync, existsSync, fdatasyncSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { syncFolder } from './journal.js';

const NAME = 'checkpoint';
const MAGIC = 'OBMQCHK1';
const HEADER = 32;
const ROW = 64;
const ROWS_PER_READ = 16_384;

/** What a restart needs to know of a persistent message without reading its record. */
export interface CheckpointRow {
  sequence: number;
  /** 0 when the message is committed. */
  unitOfWork: number;
  expiry: number;
  segment: number;
  offset: number;
  length: number;
  queue: number;
  backoutCount: number;
  messageId: number;
  correlationId: number;
  priority: number;
}

/**
 * A list of the persistent messages, written to one side and then put in place of the last one. The journal
 * from `replayFrom` on holds all that happened since writing it began, so that messages may come and go
 * meanwhile: replaying is idempotent.
 */
export class CheckpointWriter {
  private readonly path: string;
  private readonly file: number;
  private checksum = 0;
  private rows = 0;

  constructor(private readonly folder: string) {
    this.path = join(folder, `${NAME}.new`);
    this.file = openSync(this.path, 'w');
    writeSync(this.file, Buffer.alloc(HEADER));
  }

  add(rows: readonly CheckpointRow[]): void {
    const block = Buffer.alloc(rows.length * ROW);
    for (const [i, row] of rows.entries()) encode(row, block, i * ROW);
    this.checksum = crc32(block, this.checksum);
    this.rows += rows.length;
    writeSync(this.file, block);
  }

  finish(replayFrom: number, nextSequence: number): void {
    const header = Buffer.alloc(HEADER);
    header.write(MAGIC, 0, 'latin1');
    header.writeUInt32LE(replayFrom, 8);
    header.writeUInt32LE(this.rows, 12);
    header.writeDoubleLE(nextSequence, 16);
    header.writeUInt32LE(this.checksum, 24);
    writeSync(this.file, header, 0, HEADER, 0);
    fdatasyncSync(this.file);
    closeSync(this.file);
    renameSync(this.path, join(this.folder, NAME));
    syncFolder(this.folder);
  }

  abandon(): void {
    closeSync(this.file);
  }
}

/**
 * The last checkpoint, or an empty one when there is none yet.
 *
 * @throws when the file is damaged
 */
export function readCheckpoint(
  folder: string,
  receive: (row: CheckpointRow) => void,
): { replayFrom: number; nextSequence: number } {
  const path = join(folder, NAME);
  if (!existsSync(path)) return { replayFrom: 1, nextSequence: 1 };
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER);
    const block = Buffer.alloc(ROW * ROWS_PER_READ);
    readSync(file, header);
    let checksum = 0;
    let rows = 0;
    for (let length = readSync(file, block); length > 0; length = readSync(file, block)) {
      checksum = crc32(block.subarray(0, length), checksum);
      for (let at = 0; at + ROW <= length; at += ROW, rows++) receive(decode(block, at));
    }
    const intact =
      header.toString('latin1', 0, MAGIC.length) === MAGIC &&
      rows === header.readUInt32LE(12) &&
      checksum === header.readUInt32LE(24);
    if (!intact) throw new Error(`${path} is damaged`);
    return { replayFrom: header.readUInt32LE(8), nextSequence: header.readDoubleLE(16) };
  } finally {
    closeSync(file);
  }
}

function encode(row: CheckpointRow, block: Buffer, at: number): void {
  block.writeDoubleLE(row.sequence, at);
  block.writeDoubleLE(row.unitOfWork, at + 8);
  block.writeDoubleLE(row.expiry, at + 16);
  block.writeUInt32LE(row.segment, at + 24);
  block.writeUInt32LE(row.offset, at + 28);
  block.writeUInt32LE(row.length, at + 32);
  block.writeUInt32LE(row.queue, at + 36);
  block.writeUInt32LE(row.backoutCount, at + 40);
  block.writeInt32LE(row.messageId, at + 44);
  block.writeInt32LE(row.correlationId, at + 48);
  block.writeUInt32LE(row.priority, at + 52);
}

function decode(block: Buffer, at: number): CheckpointRow {
  return {
    sequence: block.readDoubleLE(at),
    unitOfWork: block.readDoubleLE(at + 8),
    expiry: block.readDoubleLE(at + 16),
    segment: block.readUInt32LE(at + 24),
    offset: block.readUInt32LE(at + 28),
    length: block.readUInt32LE(at + 32),
    queue: block.readUInt32LE(at + 36),
    backoutCount: block.readUInt32LE(at + 40),
    messageId: block.readInt32LE(at + 44),
    correlationId: block.readInt32LE(at + 48),
    priority: block.readUInt32LE(at + 52),
  };
}

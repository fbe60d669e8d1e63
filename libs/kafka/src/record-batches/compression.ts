import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { openLz4 } from './lz4.js';
import { openSnappy } from './snappy.js';
import { UnreadableBatchError } from './unreadable-batch.error.js';
import { openZstd } from './zstd.js';

const openGzip = promisify(gunzip);

/** Opens bytes that were compressed; never more than so many. */
type Open = (compressed: Buffer, limit: number) => Buffer | Promise<Buffer>;

/** By the number that a batch gives in its attributes. */
const OPENERS: ReadonlyMap<number, Open> = new Map<number, Open>([
  [0, (bytes) => bytes],
  [1, (compressed, limit) => openGzip(compressed, { maxOutputLength: limit })],
  [2, openSnappy],
  [3, openLz4],
  [4, openZstd],
]);

/**
 * Opens the records of a batch.
 *
 * @throws UnreadableBatchError when they are damaged, more than `limit` bytes, or compressed in an unknown way.
 */
export async function openRecords(codec: number, bytes: Buffer, limit: number): Promise<Buffer> {
  const open = OPENERS.get(codec);
  if (!open) throw new UnreadableBatchError(`There is no compression with the number ${codec}.`);
  try {
    return await open(bytes, limit);
  } catch (cause) {
    if (cause instanceof UnreadableBatchError) throw cause;
    throw new UnreadableBatchError(`It cannot be opened: ${(cause as Error).message}`, { cause });
  }
}

import { ZSTDDecoder } from 'zstddec';
import { UnreadableBatchError } from './unreadable-batch.error.js';

const decoder = new ZSTDDecoder();
const FIRST_GUESS = 64 * 1024;

/** Opens Zstandard. Producers that compress while they write do not say how large the content is. */
export async function openZstd(compressed: Buffer, limit: number): Promise<Buffer> {
  await decoder.init();
  for (let size = Math.min(limit, FIRST_GUESS + 4 * compressed.length); ; size = Math.min(limit, 4 * size)) {
    // The decoder says that it failed, whatever the reason, by an empty answer.
    const { buffer, byteOffset, length } = decoder.decode(compressed, size);
    if (length > 0) return Buffer.from(buffer, byteOffset, length);
    if (size === limit)
      throw new UnreadableBatchError(`This is no Zstandard, or larger than ${limit} bytes when opened.`);
  }
}

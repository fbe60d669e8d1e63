import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import fc from 'fast-check';
import {
  compressLz4,
  compressSnappy,
  compressSnappyBlocks,
  compressZstd,
  type Compress,
} from '../../test-support/codecs.js';
import { openRecords } from './compression.js';
import { UnreadableBatchError } from './unreadable-batch.error.js';

const LIMIT = 4 * 1024 * 1024;
/** Milliseconds that nothing may take, on a busy machine. */
const SLOW = 2_000;

const CODECS: [string, number, Compress][] = [
  ['gzip', 1, promisify<Buffer, Buffer>(gzip)],
  ['snappy', 2, compressSnappy],
  ['snappy in blocks', 2, compressSnappyBlocks],
  ['lz4', 3, compressLz4],
  ['zstd', 4, compressZstd],
];

/** Records as they are, more or less: text that repeats itself, and bytes that do not. */
const contents = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('{"orderId":"', '"}', 'aaaaaaaa')), {
    minLength: 1,
    maxLength: 400,
  })
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))))
  .filter(({ length }) => length > 0);

/** What it is when opened; undefined when it is named as unreadable. */
async function opened(codec: number, bytes: Buffer): Promise<Buffer | undefined> {
  try {
    return await openRecords(codec, bytes, LIMIT);
  } catch (error) {
    if (error instanceof UnreadableBatchError) return undefined;
    throw error;
  }
}

describe.each(CODECS)('%s', (_name, codec, compress) => {
  test('what others have compressed is opened', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (content) => {
        expect((await openRecords(codec, await compress(content), LIMIT)).equals(content)).toBe(true);
      }),
      { numRuns: 50 },
    );
    for (const content of [randomBytes(300_000), Buffer.alloc(LIMIT), Buffer.from('order '.repeat(100_000))])
      expect((await openRecords(codec, await compress(content), LIMIT)).equals(content)).toBe(true);
  });

  test('what is larger than the limit is not', async () => {
    const bomb = await compress(Buffer.alloc(64 * 1024 * 1024));
    const started = performance.now();
    await expect(openRecords(codec, bomb, LIMIT)).rejects.toThrow(UnreadableBatchError);
    expect(performance.now() - started).toBeLessThan(SLOW);
  });

  test('what is damaged is opened to something, or named as unreadable, and never takes long', async () => {
    const content = Buffer.from('{"orderId":"01890000-0000","lines":[{"sku":"a","quantity":1}]}'.repeat(200));
    const compressed = await compress(content);
    await fc.assert(
      fc.asyncProperty(fc.nat(compressed.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
        const damaged = Buffer.from(cut ? compressed.subarray(0, at) : compressed);
        if (!cut) damaged[at] = byte;
        const started = performance.now();
        await opened(codec, damaged);
        expect(performance.now() - started).toBeLessThan(SLOW);
      }),
      { numRuns: 300 },
    );
  });

  test('noise is named as unreadable, or opened to something', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => {
        expect((await opened(codec, Buffer.from(noise)))?.length ?? 0).toBeLessThanOrEqual(LIMIT);
      }),
      { numRuns: 300 },
    );
  });
});

test('a compression that nobody knows is named as unreadable', async () => {
  await expect(openRecords(5, Buffer.from('x'), LIMIT)).rejects.toThrow(UnreadableBatchError);
});

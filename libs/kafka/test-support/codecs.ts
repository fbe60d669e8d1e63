import { Zstd } from '@hpcc-js/wasm-zstd';
import lz4 from 'lz4-napi';
import snappy from 'snappy';

/** What others compress with. */
export type Compress = (bytes: Buffer) => Promise<Buffer>;

const zstd = Zstd.load();

export const compressZstd: Compress = async (bytes) => Buffer.from((await zstd).compress(bytes));

export const compressLz4: Compress = (bytes) => lz4.compressFrame(bytes);

export const compressSnappy: Compress = (bytes) => snappy.compress(bytes);

/** As Java's producers do: blocks of 32 KB. */
export const compressSnappyBlocks: Compress = async (bytes) => {
  const parts: Buffer[] = [Buffer.from('82534e41505059000000000100000001', 'hex')];
  for (let start = 0; start < bytes.length; start += 32_768) {
    const block = await snappy.compress(bytes.subarray(start, start + 32_768));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
};

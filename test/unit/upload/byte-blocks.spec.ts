import { Readable } from 'node:stream';
import { BLOCK_BYTES, byteBlocks, firstBlock } from '../../../src/upload/byte-blocks.js';

const bytes = Buffer.from(Array.from({ length: 2 * BLOCK_BYTES + 10 }, (_, n) => n % 251));

function chunksOf(size: number): Readable {
  return Readable.from(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    ),
  );
}

describe('byteBlocks', () => {
  it.each([7, 1000, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, bytes.length])(
    'cuts the same blocks whatever comes in (chunks of %i)',
    async (size) => {
      const blocks: Uint8Array[] = [];
      for await (const block of byteBlocks(chunksOf(size))) blocks.push(block);
      expect(blocks.map((block) => block.length)).toEqual([BLOCK_BYTES, BLOCK_BYTES, 10]);
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
    },
  );
});

describe('firstBlock', () => {
  it('is the first block, and closes the stream', async () => {
    const stream = chunksOf(1000);
    expect(Buffer.from(await firstBlock(stream)).equals(bytes.subarray(0, BLOCK_BYTES))).toBe(true);
    expect(stream.destroyed).toBe(true);
  });

  it('is empty when there are no bytes', async () => {
    expect(await firstBlock(Readable.from([]))).toHaveLength(0);
  });
});

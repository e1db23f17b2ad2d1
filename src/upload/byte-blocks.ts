/** 64 KiB: what a file stream reads at once, so that its chunks pass through without a copy. */
export const BLOCK_BYTES = 65_536;

/**
 * The same bytes in blocks of exactly `BLOCK_BYTES`, the last one shorter. What is worked off without a pause
 * is then one block, however large the chunks that come in.
 */
export async function* byteBlocks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let block = new Uint8Array(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of bytes) {
    let at = 0;
    while (at < chunk.length) {
      if (filled === 0 && chunk.length - at >= BLOCK_BYTES) {
        yield chunk.subarray(at, at + BLOCK_BYTES);
        at += BLOCK_BYTES;
        continue;
      }
      const part = chunk.subarray(at, at + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === BLOCK_BYTES) {
        yield block;
        block = new Uint8Array(BLOCK_BYTES);
        filled = 0;
      }
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

/** The first block, or no bytes at all when there are none. Closes the stream. */
export async function firstBlock(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const blocks = byteBlocks(bytes);
  const { value, done } = await blocks.next();
  await blocks.return(undefined);
  return done ? new Uint8Array() : value;
}

/**
 * Reads a body up to `maxBytes`; `cut` tells that there was more, which is then not read. `chunks` are what has come, also
 * when the rest does not.
 */
export async function readBody(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  chunks: Buffer[] = [],
): Promise<{ body: Buffer; cut: boolean }> {
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) return { body: Buffer.concat(chunks, maxBytes), cut: true };
  }
  return { body: Buffer.concat(chunks, length), cut: false };
}

/** So many pieces are joined into one: a Buffer of a single byte takes 700, and whoever sends them one by one pays for none. */
const PIECES = 128;

/**
 * Reads a body into `chunks` up to `maxBytes`, and tells whether there was more, which is then not read. The chunks hold
 * what has come, also when the rest does not; the last one may reach beyond `maxBytes`.
 */
export async function readBody(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  chunks: Buffer[],
): Promise<boolean> {
  let length = 0;
  let pieces = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) return true;
    pieces = (pieces + 1) % PIECES;
    if (pieces === 0) chunks.push(Buffer.concat(chunks.splice(-PIECES)));
  }
  return false;
}

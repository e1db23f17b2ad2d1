import { finished, type Readable } from 'node:stream';

/** So many pieces are joined into one: a Buffer of a single byte takes 700, and whoever sends them one by one pays for none. */
const PIECES = 128;

/**
 * Reads a body into `chunks` up to `maxBytes`, and tells whether there was more, which is then not read: the body stands
 * still, for the caller to destroy. The chunks hold what has come, also when the rest does not; the last one may reach
 * beyond `maxBytes`. When `grow`, which is told how many bytes have come, gives a promise, the body stands still until then.
 *
 * Not with `for await`, which joins all that has come at each of its reads: every image would be copied once more.
 */
export function readBody(
  body: Readable,
  maxBytes: number,
  chunks: Buffer[],
  grow?: (length: number) => Promise<void> | undefined,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let length = 0;
    let pieces = 0;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) {
        body.off('data', take).pause();
        resolve(true);
        return;
      }
      pieces = (pieces + 1) % PIECES;
      if (pieces === 0) chunks.push(Buffer.concat(chunks.splice(-PIECES)));
      const room = grow?.(length);
      if (!room) return;
      body.pause();
      room.then(() => void body.resume(), reject);
    };
    finished(body, (error) => (error ? reject(error) : resolve(false)));
    body.on('data', take);
  });
}

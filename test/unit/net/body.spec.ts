import { Readable } from 'node:stream';
import { readBody } from '../../../src/net/body.js';

function pieces(bytes: Buffer, size: number): Readable {
  const all = Array.from({ length: Math.ceil(bytes.length / size) }, (_, piece) =>
    bytes.subarray(piece * size, (piece + 1) * size),
  );
  return Readable.from(all, { objectMode: false, highWaterMark: 1 });
}

async function* half(): AsyncGenerator<Buffer> {
  yield Buffer.from('half');
  throw new Error('reset');
}

const broken = (): Readable => Readable.from(half(), { objectMode: false });

const BODY = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));

describe('readBody', () => {
  it.each([1, 7, 78, 128, 9_999, 10_000])('keeps the order of pieces of %i bytes', async (size) => {
    const chunks: Buffer[] = [];
    await expect(readBody(pieces(BODY, size), BODY.length, chunks)).resolves.toBe(false);
    expect(Buffer.concat(chunks).equals(BODY)).toBe(true);
  });

  it('keeps few Buffers of a body that comes byte by byte', async () => {
    const chunks: Buffer[] = [];
    await readBody(pieces(BODY, 1), BODY.length, chunks);
    expect(chunks.length).toBeLessThan(10_000 / 128 + 128);
  });

  it('stops at the first piece that is too much', async () => {
    const chunks: Buffer[] = [];
    const body = pieces(BODY, 100);
    await expect(readBody(body, 150, chunks)).resolves.toBe(true);
    expect(Buffer.concat(chunks)).toHaveLength(200);
    expect(body.readableFlowing).toBe(false);
    expect(body.readableEnded).toBe(false);
  });

  it('does not wait for a body that was given up', async () => {
    const body = new Readable({ read: () => undefined });
    const reading = readBody(body, 100, []);
    body.destroy();
    await expect(reading).rejects.toThrow('Premature close');
  });

  it('takes the pieces as they are, without a copy', async () => {
    const body = pieces(BODY, 5000);
    const chunks: Buffer[] = [];
    await readBody(body, BODY.length, chunks);
    expect(chunks.map(({ buffer }) => buffer)).toEqual([BODY.buffer, BODY.buffer]);
  });

  it('reads no more until there is room', async () => {
    const body = pieces(BODY, 1000);
    const lengths: number[] = [];
    let makeRoom = (): void => {};
    const grow = (length: number): Promise<void> | undefined => {
      lengths.push(length);
      return length === 3000 ? new Promise((resolve) => (makeRoom = resolve)) : undefined;
    };
    const reading = readBody(body, BODY.length, [], grow);
    while (lengths.length < 3) await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(lengths).toEqual([1000, 2000, 3000]);
    makeRoom();
    await expect(reading).resolves.toBe(false);
    expect(lengths.at(-1)).toBe(BODY.length);
  });

  it('ends as the waiting for room does', async () => {
    const grow = (): Promise<void> => Promise.reject(new Error('no room'));
    await expect(readBody(pieces(BODY, 1000), BODY.length, [], grow)).rejects.toThrow('no room');
  });

  it('keeps what came of a body that breaks off', async () => {
    const chunks: Buffer[] = [];
    await expect(readBody(broken(), 100, chunks)).rejects.toThrow('reset');
    expect(Buffer.concat(chunks).toString()).toBe('half');
  });
});

import { readBody } from '../../../src/net/body.js';

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from('half');
  throw new Error('reset');
}

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
    await expect(body.next()).resolves.toMatchObject({ done: true });
  });

  it('keeps what came of a body that breaks off', async () => {
    const chunks: Buffer[] = [];
    await expect(readBody(broken(), 100, chunks)).rejects.toThrow('reset');
    expect(Buffer.concat(chunks).toString()).toBe('half');
  });
});

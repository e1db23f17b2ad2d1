import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { spool, SpoolLimitError, type Spool } from '../../../src/upload/spool.js';
import { expectNoneOpenIn, openFiles } from '../../support/open-files.js';

/** Several reads long, and no whole number of them. */
const CONTENT = randomBytes(300_001);

let root: string;
let directory: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'halftone-spool-'));
  directory = join(root, 'tmp');
});
afterEach(async () => {
  // Whatever a test has opened it has closed, or had closed.
  await expectNoneOpenIn(root);
  await rm(root, { recursive: true });
});

async function withSpool(
  source: AsyncIterable<Uint8Array>,
  work: (file: Spool) => Promise<void>,
): Promise<void> {
  const file = await spool(source, directory, CONTENT.length);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

/** The content as it comes from a network: in pieces of any size. */
function pieces(content = CONTENT, size = 7001): Readable {
  const count = Math.ceil(content.length / size);
  const parts = Array.from({ length: count }, (_, index) =>
    content.subarray(index * size, (index + 1) * size),
  );
  return Readable.from(parts);
}

describe('spool', () => {
  it('keeps the bytes, and knows their number and hash', async () => {
    await withSpool(pieces(), async (file) => {
      expect(file.bytes).toBe(CONTENT.length);
      expect(file.sha256).toBe(createHash('sha256').update(CONTENT).digest('hex'));
      expect((await buffer(file.read())).equals(CONTENT)).toBe(true);
    });
  });

  it('is read again and again, each time from the beginning', async () => {
    await withSpool(pieces(), async (file) => {
      await buffer(file.read());
      expect((await buffer(file.read())).equals(CONTENT)).toBe(true);
    });
  });

  it('is read again after a reading that was left early', async () => {
    await withSpool(pieces(), async (file) => {
      for await (const chunk of file.read()) {
        expect(CONTENT.subarray(0, (chunk as Buffer).length).equals(chunk as Buffer)).toBe(true);
        break;
      }
      file.read().destroy();
      expect((await buffer(file.read())).equals(CONTENT)).toBe(true);
    });
  });

  it('is read by two at once', async () => {
    await withSpool(pieces(), async (file) => {
      const both = await Promise.all([buffer(file.read()), buffer(file.read())]);
      expect(both.map((content) => content.equals(CONTENT))).toEqual([true, true]);
    });
  });

  it('can be empty', async () => {
    await withSpool(Readable.from([]), async (file) => {
      expect(file.bytes).toBe(0);
      expect(await buffer(file.read())).toHaveLength(0);
    });
  });

  it('has no name, so that nothing is left of it however the process ends', async () => {
    await withSpool(pieces(), async () => {
      expect(await readdir(directory)).toEqual([]);
      expect((await openFiles()).filter((path) => path.startsWith(directory))).toEqual([
        expect.stringMatching(/upload-[0-9a-f-]+ \(deleted\)$/),
      ]);
    });
  });

  it('ends with SpoolLimitError at the first byte that is too many, and asks for no more', async () => {
    const source = pieces(Buffer.concat([CONTENT, CONTENT]));
    await expect(spool(source, directory, CONTENT.length - 1)).rejects.toThrow(SpoolLimitError);
    expect(source.destroyed).toBe(true);
    expect(source.readableEnded).toBe(false);
  });

  it('ends with the error of its source', async () => {
    async function* breakingOff(): AsyncGenerator<Buffer> {
      yield CONTENT;
      throw new Error('the sender is gone');
    }
    await expect(spool(breakingOff(), directory, CONTENT.length)).rejects.toThrow('the sender is gone');
  });

  it('ends with the error of the disk', async () => {
    await writeFile(directory, 'a file in place of the directory');
    await expect(spool(pieces(), directory, CONTENT.length)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { objectKey } from '../../../src/storage/object-key.js';

const HOUR_MS = 3_600_000;
const requestId = randomUUID();
const newKey = (request = requestId): string =>
  objectKey({ requestId: request, position: 0, sourceUrl: 'https://h.example/shoe.png', extension: 'jpg' });

/** Around the storage directory, so that what leaves it can be seen. */
let home: string;
let directory: string;
let disk: LocalDisk;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'halftone-storage-'));
  directory = join(home, 'files');
  disk = await LocalDisk.open(directory);
});

afterEach(async () => {
  disk.onModuleDestroy();
  await rm(home, { recursive: true });
});

/** The paths of all files in the storage directory, and beside it. */
async function allFiles(): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** A temporary file that was written so long ago. */
async function writeLeftover(name: string, ageMs: number): Promise<string> {
  const path = join(directory, '.tmp', name);
  const writtenAt = new Date(Date.now() - ageMs);
  await writeFile(path, 'half an im');
  await utimes(path, writtenAt, writtenAt);
  return path;
}

describe('put', () => {
  it('keeps the bytes under the key, and nothing else', async () => {
    const bytes = randomBytes(100_000);
    const key = newKey();
    await disk.put(key, bytes);
    expect(await allFiles()).toEqual([join(directory, key)]);
    expect(bytes.equals(await readFile(join(directory, key)))).toBe(true);
  });

  it('makes the folder of a request once, whoever of many comes first', async () => {
    const keys = Array.from({ length: 20 }, () => newKey());
    await Promise.all(keys.map((key) => disk.put(key, Buffer.from(key))));
    const paths = keys.map((key) => join(directory, key));
    expect((await allFiles()).toSorted()).toEqual(paths.toSorted());
  });

  it('shows an object only when it is whole', async () => {
    const bytes = Buffer.alloc(32 * 1024 ** 2, 7);
    const key = newKey();
    const sizeNow = (): Promise<number | undefined> =>
      stat(join(directory, key)).then(
        (file) => file.size,
        () => undefined,
      );
    const outcome = { isKnown: false };
    const put = disk.put(key, bytes).finally(() => (outcome.isKnown = true));
    const seen = new Set<number | undefined>();
    while (!outcome.isKnown) seen.add(await sizeNow());
    await put;
    seen.add(await sizeNow());
    expect([...seen]).toEqual([undefined, bytes.length]);
  });

  it('throws and leaves nothing behind when the object cannot be placed', async () => {
    const key = newKey();
    await mkdir(join(directory, key), { recursive: true });
    await expect(disk.put(key, Buffer.from('x'))).rejects.toThrow('EISDIR');
    expect(await allFiles()).toEqual([]);
  });

  it('throws instead of writing beneath a mount point whose disk is gone', async () => {
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await expect(disk.put(newKey(), Buffer.from('x'))).rejects.toThrow('ENOENT');
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('delete', () => {
  it('removes one object and leaves the others', async () => {
    const [gone, stays] = [newKey(), newKey()];
    await disk.put(gone, Buffer.from('gone'));
    await disk.put(stays, Buffer.from('stays'));
    await disk.delete(gone);
    expect(await allFiles()).toEqual([join(directory, stays)]);
  });

  it('is content when the object, or its whole request, is not there', async () => {
    await disk.put(newKey(), Buffer.from('x'));
    await disk.delete(newKey());
    await disk.delete(newKey(randomUUID()));
    expect(await allFiles()).toHaveLength(1);
  });
});

describe('deletePrefix', () => {
  it('removes everything of one request and its folder', async () => {
    const other = newKey(randomUUID());
    await disk.put(other, Buffer.from('other'));
    await Promise.all(Array.from({ length: 50 }, () => disk.put(newKey(), Buffer.from('x'))));
    await disk.deletePrefix(`${requestId}/`);
    expect(await allFiles()).toEqual([join(directory, other)]);
    expect(await readdir(directory)).not.toContain(requestId);
  });

  it('is content when there is nothing', async () => {
    await expect(disk.deletePrefix(`${randomUUID()}/`)).resolves.toBeUndefined();
  });

  it('goes on where it stopped', async () => {
    const obstacle = join(directory, requestId, 'not-a-file');
    await disk.put(newKey(), Buffer.from('x'));
    await mkdir(obstacle);
    await expect(disk.deletePrefix(`${requestId}/`)).rejects.toThrow(obstacle);
    await rm(obstacle, { recursive: true });
    await disk.deletePrefix(`${requestId}/`);
    expect(await readdir(directory)).not.toContain(requestId);
  });

  it('can be followed by another object of the request', async () => {
    const late = newKey();
    await disk.put(newKey(), Buffer.from('x'));
    await disk.deletePrefix(`${requestId}/`);
    await disk.put(late, Buffer.from('late'));
    expect(await allFiles()).toEqual([join(directory, late)]);
  });
});

describe('keys that are none', () => {
  it.each(['../victim', `${requestId}/../../victim`, '/etc/passwd', '', '.', '.tmp/x', `${newKey()}/../x`])(
    'refuses %j everywhere',
    async (key) => {
      await expect(disk.put(key, Buffer.from('x'))).rejects.toThrow('Not an object key');
      await expect(disk.delete(key)).rejects.toThrow('Not an object key');
      await expect(disk.deletePrefix(key)).rejects.toThrow('Not a prefix');
      expect(await allFiles()).toEqual([]);
    },
  );
});

describe('urlFor', () => {
  it('is the absolute address of the file', () => {
    const key = newKey();
    expect(disk.urlFor(key, 'https://shop.example')).toBe(`https://shop.example/files/${key}`);
    expect(disk.urlFor(key, 'https://shop.example')).not.toMatch(/[, ]/);
  });
});

describe('check', () => {
  it('is content with a disk that can be written, and leaves no trace', async () => {
    await disk.check();
    expect(await allFiles()).toEqual([]);
  });

  it('says in one sentence which directory cannot be written, and why', async () => {
    await rm(directory, { recursive: true });
    await expect(disk.check()).rejects.toThrow(
      `The storage directory ${directory} cannot be written (ENOENT: no such file or directory).`,
    );
  });
});

describe('what a killed process left', () => {
  it('is removed at the next start, once no living process can be writing it', async () => {
    await writeLeftover('old', 1.1 * HOUR_MS);
    const young = await writeLeftover('young', 0.9 * HOUR_MS);
    (await LocalDisk.open(directory)).onModuleDestroy();
    expect(await allFiles()).toEqual([young]);
  });

  it('is removed every hour, until the process ends', async () => {
    jest.useFakeTimers({ now: Date.now(), doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const running = await LocalDisk.open(directory);
      await writeLeftover('old', 0.5 * HOUR_MS);
      jest.advanceTimersByTime(HOUR_MS);
      while ((await allFiles()).length > 0);
      running.onModuleDestroy();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('keysBetween', () => {
  it('finds the objects of the positions, both ends included, and nothing of another request', async () => {
    const id = randomUUID();
    const keyAt = (position: number, of = id) =>
      objectKey({ requestId: of, position, sourceUrl: 'https://h.example/a.jpg', extension: 'jpg' });
    const keys = [9, 10, 10, 11, 12, 100].map((position) => keyAt(position));
    for (const key of [...keys, keyAt(10, randomUUID())]) await disk.put(key, Buffer.from('x'));
    expect((await disk.keysBetween(id, 10, 11)).toSorted()).toEqual(keys.slice(1, 4).toSorted());
    expect(await disk.keysBetween(randomUUID(), 0, 1000)).toEqual([]);
    await expect(disk.keysBetween('..', 0, 1000)).rejects.toThrow('Not a prefix');
  });
});

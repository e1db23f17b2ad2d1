import { randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { objectKey } from '../../../src/storage/object-key.js';
import { describeWithDisks, mountSmallDisk, type SmallDisk } from '../../support/small-disk.js';

const KiB = 1024;
const SIZE = 100 * KiB;
const requestId = randomUUID();
const newKey = (): string =>
  objectKey({ requestId, position: 0, sourceUrl: 'https://h.example/a.jpg', extension: 'jpg' });

describeWithDisks('a local disk', () => {
  let small: SmallDisk;
  let disk: LocalDisk;

  beforeEach(async () => {
    small = mountSmallDisk(1024 * KiB);
    disk = await LocalDisk.open(small.path);
  });
  afterEach(() => {
    disk.onModuleDestroy();
    small.unmount();
  });

  const put = async (): Promise<string> => {
    const key = newKey();
    await disk.put(key, randomBytes(SIZE));
    return key;
  };
  const files = (folder: string): Promise<string[]> => readdir(`${small.path}/${folder}`).catch(() => []);

  it('tells how much room it has', async () => {
    const before = await disk.freeBytes();
    await put();
    const folder = 4 * KiB;
    expect(before - (await disk.freeBytes())).toBeGreaterThanOrEqual(SIZE);
    expect(before - (await disk.freeBytes())).toBeLessThanOrEqual(SIZE + folder);
  });

  it('that is full refuses an object, keeps nothing of it, and takes the next when there is room', async () => {
    const there = await put();
    await small.fill(40 * KiB);
    await expect(put()).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await files('.tmp')).toEqual([]);
    expect(await files(requestId)).toEqual([there.split('/')[1]]);
    await small.empty();
    await put();
    expect(await files(requestId)).toHaveLength(2);
  });

  it('that cannot be written says so when it is checked, and is well again afterwards', async () => {
    small.setReadOnly(true);
    await expect(put()).rejects.toMatchObject({ code: 'EROFS' });
    await expect(disk.check()).rejects.toThrow(
      `The storage directory ${small.path} cannot be written (EROFS: read-only file system).`,
    );
    small.setReadOnly(false);
    await disk.check();
    await put();
    expect(await files('.tmp')).toEqual([]);
  });

  it('without any room fails its check', async () => {
    await small.fill(0);
    await expect(disk.check()).rejects.toThrow('cannot be written (ENOSPC: no space left on device)');
    expect(await files('.tmp')).toEqual([]);
  });
});

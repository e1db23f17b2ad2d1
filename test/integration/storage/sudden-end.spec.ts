import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

/** Compiled, because jest does not transform what a process of its own loads. */
const BUILT = pathToFileURL(join(__dirname, '../../../dist/src/storage')).href;
const SIZE = 4 * 1024 ** 2;

/** Puts objects of SIZE bytes of one request, four at a time, for ever or until one fails. Prints what came of each. */
const PROGRAM = `
import { LocalDisk } from '${BUILT}/local-disk.js';
import { objectKey } from '${BUILT}/object-key.js';
const [directory, requestId] = process.argv.slice(2);
const disk = await LocalDisk.open(directory);
const bytes = Buffer.alloc(${SIZE}, 7);
const sourceUrl = 'https://h.example/a.png';
async function putForEver() {
  for (let position = 0; ; position += 1) {
    await disk.put(objectKey({ requestId, position, sourceUrl, extension: 'png' }), bytes);
    console.log('put');
  }
}
await Promise.all([1, 2, 3, 4].map(putForEver)).catch((error) => console.log(error.code));
disk.onModuleDestroy();
`;

const requestId = randomUUID();
let program: string;
let directory: string;

beforeAll(async () => {
  program = await mkdtemp(join(tmpdir(), 'halftone-program-'));
  await writeFile(join(program, 'package.json'), '{ "type": "module" }');
  await writeFile(join(program, 'main.js'), PROGRAM);
});

afterAll(() => rm(program, { recursive: true }));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'halftone-storage-'));
});

afterEach(() => rm(directory, { recursive: true }));

const start = (...command: [string, ...string[]]): ChildProcessByStdio<null, Readable, null> =>
  spawn(command[0], [...command.slice(1), join(program, 'main.js'), directory, requestId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The size of every file in a folder of the storage directory; none when there is no such folder. */
async function sizesIn(folder: string): Promise<number[]> {
  const path = join(directory, folder);
  const names = await readdir(path).catch(() => []);
  const sizes = names.map((name) => stat(join(path, name)).catch(() => undefined));
  return (await Promise.all(sizes)).flatMap((file) => file?.size ?? []);
}

/** Whether there is a file, under whatever name, that is not whole. */
async function isWriting(): Promise<boolean> {
  return [...(await sizesIn('.tmp')), ...(await sizesIn(requestId))].some((size) => size < SIZE);
}

describe('local disk', () => {
  it('holds whole objects only when the process is killed in the middle of writing', async () => {
    // A kill may come a moment too late to find anything unfinished; then it proves nothing and is done again.
    do {
      const child = start(process.execPath);
      const ended = once(child, 'exit');
      await once(child.stdout, 'data');
      while (!(await isWriting()));
      child.kill('SIGKILL');
      await ended;
    } while (!(await isWriting()));
    expect(new Set(await sizesIn(requestId))).toEqual(new Set([SIZE]));
  });

  it('leaves nothing of an object that the disk has no room for', async () => {
    // A limit on the size of files fails a write half-way, as a full disk does; 1000 blocks are 1 MB at most.
    const command = `ulimit -f 1000 && exec "$0" "$@"`;
    const child = spawn(
      'sh',
      ['-c', command, process.execPath, join(program, 'main.js'), directory, requestId],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    expect(await text(child.stdout)).toBe('EFBIG\n');
    expect(await sizesIn(requestId)).toEqual([]);
    expect(await sizesIn('.tmp')).toEqual([]);
  });
});

import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What a process has open, this one unless told: paths of files, and what Linux calls the rest. */
export async function openFiles(pid = process.pid): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  const numbers = await readdir(folder);
  // One may be closed between the two looks; that of the first look itself always is.
  return Promise.all(numbers.map((number) => readlink(join(folder, number)).catch(() => '')));
}

/** This process has no file open in the directory any more. */
export async function expectNoneOpenIn(directory: string): Promise<void> {
  expect((await openFiles()).filter((path) => path.startsWith(directory))).toEqual([]);
}

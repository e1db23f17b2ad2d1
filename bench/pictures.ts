import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PICTURE_SETS, type PictureSet, type PictureSetName } from './picture-sets.js';
import { drawPicture } from './draw-picture.js';
import { progress } from './progress.js';

/** Made once, and kept: beside what the service keeps while one develops. */
const FOLDER = join('data', 'bench', 'pictures');
const IMAGE_NAME = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

/** The folder of a set's files, which are made when they are not there yet. */
export async function picturesOf(name: PictureSetName): Promise<string> {
  const folder = join(FOLDER, name);
  if (!existsSync(folder)) await make(name, folder);
  return folder;
}

/** Paths of the images of a folder, sorted by name. Throws when there are none. */
export async function filesOf(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => IMAGE_NAME.test(name)).toSorted();
  if (names.length === 0) throw new Error(`${folder} holds no images`);
  return names.map((name) => join(folder, name));
}

/** Whole or not at all. */
async function make(name: PictureSetName, folder: string): Promise<void> {
  const set: PictureSet = PICTURE_SETS[name];
  progress(`making the pictures "${name}"`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  for (let number = 0; number < set.count; number += 1) {
    const file = join(unfinished, `${String(number).padStart(3, '0')}.${set.format}`);
    await writeFile(file, await drawPicture(set, number));
  }
  await rename(unfinished, folder);
}

export async function sizesOf(folder: string): Promise<number[]> {
  const files = await Promise.all((await filesOf(folder)).map((file) => readFile(file)));
  return files.map(({ length }) => length);
}

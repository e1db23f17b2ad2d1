import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './sync-directory.js';
import { unlessCode } from './unless-code.js';

const ID_FILE = '.halftone-storage-id';

/** The storage id that all processes of the installation share. */
export interface KnownStorageId {
  /** Undefined until the first claim. */
  get(): Promise<string | undefined>;
  /** Makes `id` the known one, unless there is one already; answers the known one. */
  claim(id: string): Promise<string>;
}

/**
 * Throws an Error that says what to do when this directory is not the one that the other processes of the
 * installation use. The first process of all marks the directory and makes its id known.
 */
export async function verifyStorageIdentity(directory: string, known: KnownStorageId): Promise<void> {
  const expected = await known.get();
  // The file before the database: who is killed in between has only marked the directory, and its successor goes on.
  const found = expected === undefined ? await readOrWriteId(directory) : await readId(directory);
  const agreed = expected ?? (await known.claim(found!));
  if (found !== agreed) throw new Error(explain(directory, found, agreed));
}

async function readOrWriteId(directory: string): Promise<string> {
  const found = (await readId(directory)) ?? (await writeId(directory));
  if (!found) throw new Error(`${join(directory, ID_FILE)} is empty. Remove it, then start again.`);
  return found;
}

async function readId(directory: string): Promise<string | undefined> {
  return (await unlessCode('ENOENT', readFile(join(directory, ID_FILE), 'utf8')))?.trim();
}

/** Of several processes that start together one writes, and all answer its id. */
async function writeId(directory: string): Promise<string | undefined> {
  const id = randomUUID();
  const temporary = join(directory, `${ID_FILE}-${id}`);
  await mkdir(directory, { recursive: true });
  await writeFile(temporary, `${id}\n`, { flag: 'wx', flush: true });
  try {
    // A link appears with its content and never replaces a file, so that nobody reads half an id or another one later.
    await unlessCode('EEXIST', link(temporary, join(directory, ID_FILE)));
  } finally {
    await rm(temporary);
  }
  await syncDirectory(directory);
  return readId(directory);
}

function explain(directory: string, found: string | undefined, agreed: string): string {
  const file = join(directory, ID_FILE);
  return (
    `This process sees another storage directory than the other processes of this installation: ` +
    `${file} ${found === undefined ? 'does not exist' : `holds ${found || 'nothing'}`}, expected ${agreed}. ` +
    `Mount the same directory everywhere (STORAGE_URL). If it was moved or emptied on purpose, ` +
    `write ${agreed} into that file and start again.`
  );
}

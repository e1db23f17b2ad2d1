import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { DataSource } from 'typeorm';
import { ConfigModule } from '../../../src/config/config.module.js';
import { parseEnv } from '../../../src/config/env.js';
import { createDataSource } from '../../../src/database/data-source.js';
import { DatabaseModule } from '../../../src/database/database.module.js';
import { storageIdIn } from '../../../src/storage/installation.js';
import { LocalDisk } from '../../../src/storage/local-disk.js';
import { ObjectStorage } from '../../../src/storage/object-storage.js';
import { verifyStorageIdentity } from '../../../src/storage/storage-identity.js';
import { StorageModule } from '../../../src/storage/storage.module.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.js';

const ID = /^[0-9a-f-]{36}$/;

let home: string;
let testDatabase: TestDatabase;
let database: DataSource;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'halftone-identity-'));
  testDatabase = await createTestDatabase();
  database = createDataSource(testDatabase.url, { poolSize: 8, applicationName: 'test' });
  await database.initialize();
});

afterAll(async () => {
  await database.destroy();
  await testDatabase.drop();
  await rm(home, { recursive: true });
});

beforeEach(() => database.query('DELETE FROM installation'));

let disks = 0;
/** The path of a storage directory that nobody has made yet. */
const newDisk = (): string => join(home, `disk-${(disks += 1)}`);
const idFile = (disk: string): string => join(disk, '.halftone-storage-id');
const idOn = async (disk: string): Promise<string> => (await readFile(idFile(disk), 'utf8')).trim();
const verify = (disk: string): Promise<void> => verifyStorageIdentity(disk, storageIdIn(database));

/** A process that runs nothing but the storage, in the directory. */
async function start(disk: string): Promise<INestApplicationContext> {
  const env = parseEnv({ DATABASE_URL: testDatabase.url, STORAGE_URL: `file:${disk}` });
  @Module({ imports: [ConfigModule.forRoot(env), DatabaseModule.forRoot([]), StorageModule] })
  class App {}
  return NestFactory.createApplicationContext(App, { logger: false, abortOnError: false });
}

describe('verifyStorageIdentity', () => {
  it('marks the directory and the database with one id at the first start', async () => {
    const disk = newDisk();
    await verify(disk);
    expect(await idOn(disk)).toMatch(ID);
    expect(await storageIdIn(database).get()).toBe(await idOn(disk));
    expect(await readdir(disk)).toEqual(['.halftone-storage-id']);
  });

  it('is content at every later start', async () => {
    const disk = newDisk();
    await verify(disk);
    const id = await idOn(disk);
    await verify(disk);
    expect(await idOn(disk)).toBe(id);
  });

  it('lets processes that start together agree', async () => {
    const disk = newDisk();
    await Promise.all(Array.from({ length: 8 }, () => verify(disk)));
    expect(await storageIdIn(database).get()).toBe(await idOn(disk));
    expect(await readdir(disk)).toEqual(['.halftone-storage-id']);
  });

  it('stops all but those on one disk when processes start together on two', async () => {
    const starting = [newDisk(), newDisk()].flatMap((disk) => [disk, disk, disk]);
    const outcomes = await Promise.allSettled(starting.map(verify));
    const started = starting.filter((_, index) => outcomes[index]!.status === 'fulfilled');
    expect(started).toHaveLength(3);
    expect(new Set(started).size).toBe(1);
    expect(await storageIdIn(database).get()).toBe(await idOn(started[0]!));
  });

  it('goes on where a process was killed between the file and the database', async () => {
    const disk = newDisk();
    await verify(disk);
    await database.query('DELETE FROM installation');
    await verify(disk);
    expect(await storageIdIn(database).get()).toBe(await idOn(disk));
  });

  it('refuses a directory without the id, leaves it as it is, and tells how to mend it', async () => {
    const [disk, other] = [newDisk(), newDisk()];
    await verify(disk);
    const id = await idOn(disk);
    await expect(verify(other)).rejects.toThrow(
      `This process sees another storage directory than the other processes of this installation: ` +
        `${idFile(other)} does not exist, expected ${id}. Mount the same directory everywhere (STORAGE_URL). ` +
        `If it was moved or emptied on purpose, write ${id} into that file and start again.`,
    );
    await expect(readdir(other)).rejects.toThrow('ENOENT');
  });

  it('refuses a directory with another id', async () => {
    const [disk, other] = [newDisk(), newDisk()];
    await verify(other);
    await database.query('DELETE FROM installation');
    await verify(disk);
    const [expected, found] = [await idOn(disk), await idOn(other)];
    await expect(verify(other)).rejects.toThrow(`holds ${found}, expected ${expected}`);
  });

  it('is content again once the id was written by hand', async () => {
    const disk = newDisk();
    await verify(disk);
    const id = await idOn(disk);
    await writeFile(idFile(disk), '');
    await expect(verify(disk)).rejects.toThrow('holds nothing');
    await writeFile(idFile(disk), `  ${id}\r\n`);
    await expect(verify(disk)).resolves.toBeUndefined();
  });

  it('never takes an empty file for an id', async () => {
    const disk = newDisk();
    await verify(disk);
    await writeFile(idFile(disk), '\n');
    await database.query('DELETE FROM installation');
    await expect(verify(disk)).rejects.toThrow('is empty. Remove it');
    expect(await storageIdIn(database).get()).toBeUndefined();
  });
});

describe('StorageModule', () => {
  it('provides a storage that can be written', async () => {
    const app = await start(newDisk());
    const storage = app.get(ObjectStorage);
    await storage.check();
    expect(storage).toBeInstanceOf(LocalDisk);
    await app.close();
  });

  it('does not start on another disk than the first process', async () => {
    await verify(newDisk());
    await expect(start(newDisk())).rejects.toThrow('another storage directory');
  });
});

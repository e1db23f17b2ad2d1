import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Env } from '../config/env.js';
import { storageIdIn } from './installation.js';
import { LocalDisk } from './local-disk.js';
import { ObjectStorage } from './object-storage.js';
import { verifyStorageIdentity } from './storage-identity.js';

/** The process's one ObjectStorage. A process that sees another disk than the others does not start. */
@Module({
  providers: [{ provide: ObjectStorage, inject: [Env, DataSource], useFactory: openStorage }],
  exports: [ObjectStorage],
})
export class StorageModule {}

async function openStorage(env: Env, dataSource: DataSource): Promise<ObjectStorage> {
  const { directory } = env.storage;
  await verifyStorageIdentity(directory, storageIdIn(dataSource));
  return LocalDisk.open(directory);
}

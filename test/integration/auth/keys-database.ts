import type { DataSource } from 'typeorm';
import { createDataSource } from '../../../src/database/data-source.js';
import { ENTITIES } from '../../../src/entities.js';
import { createTestDatabase } from '../../support/postgres.js';

/** A database of its own, and pools to it as processes of the service have them. */
export interface KeysDatabase {
  url: string;
  source: DataSource;
  /** As another process has. */
  connect(): Promise<DataSource>;
  close(): Promise<void>;
}

export async function createKeysDatabase(): Promise<KeysDatabase> {
  const database = await createTestDatabase();
  const sources: DataSource[] = [];
  const connect = async (): Promise<DataSource> => {
    const options = { poolSize: 4, applicationName: 'test', entities: ENTITIES };
    const source = await createDataSource(database.url, options).initialize();
    sources.push(source);
    return source;
  };
  return {
    url: database.url,
    source: await connect(),
    connect,
    async close() {
      await Promise.all(sources.map((source) => source.destroy()));
      await database.drop();
    },
  };
}

import { Logger } from '@nestjs/common';
import type { Env } from '../config/env.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { assertMigrated, migrateDatabase } from './migrate.js';

export interface PreparedDatabase {
  url: string;
  stop: () => Promise<void>;
}

/**
 * The database that the service works on, at this version: the given one, which its operator migrates, or the embedded
 * one, which is migrated here.
 */
export async function prepareDatabase(env: Env): Promise<PreparedDatabase> {
  if (env.databaseUrl) {
    await assertUsable(env.databaseUrl);
    return { url: env.databaseUrl, stop: async () => undefined };
  }
  const logger = new Logger('PostgreSQL');
  return startMigrated(env.dataDir, (line) => logger.log(line));
}

/** Starts the embedded PostgreSQL, and brings it to this version. */
export async function startMigrated(dataDir: string, log: (line: string) => void): Promise<PreparedDatabase> {
  const postgres = await startEmbeddedPostgres(dataDir, log);
  try {
    await migrateDatabase(postgres.url);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return postgres;
}

/** Throws an Error that says what to do when the database of DATABASE_URL does not answer, or is not at this version. */
export async function assertUsable(databaseUrl: string): Promise<void> {
  await assertMigrated(databaseUrl).catch((error: NodeJS.ErrnoException) => {
    // With a code it is the driver's or the server's, and says neither which setting it is about nor what to do.
    if (!error.code) throw error;
    throw new Error(`The database of DATABASE_URL cannot be used: ${error.message}`, { cause: error });
  });
}

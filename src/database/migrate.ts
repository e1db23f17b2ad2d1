import { assertSchemaCompatibility, runMigrations as runQueueMigrations } from 'bullmq';
import { Client } from 'pg';
import { createDataSource } from './data-source.js';

/** 'halftone' as a number: whoever migrates holds this advisory lock, or two migrating processes kill each other. */
const MIGRATION_LOCK = 0x4854_4d49;
/** A migration may rewrite a large table; only the wait for a lock that others hold stays short. */
const MIGRATION_LIMITS = { lock_timeout: 60_000, connectionTimeoutMillis: 10_000 };

/** Brings the database and the queue's schema in it to this version. Safe when several processes call it at once. */
export async function migrateDatabase(url: string): Promise<{ executed: string[] }> {
  return withClient(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const executed = await withDataSource(url, (source) => source.runMigrations());
    await runQueueMigrations(client);
    return { executed: executed.map((migration) => migration.name) };
  });
}

/** Throws an Error that says what to do when the database is not at this version. */
export async function assertMigrated(url: string): Promise<void> {
  const pending = await withDataSource(url, (source) => source.showMigrations());
  if (pending || !(await isQueueSchemaCurrent(url))) {
    throw new Error('The database is not at this version. Run `npm run migrate` once, then start again.');
  }
}

async function isQueueSchemaCurrent(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => assertSchemaCompatibility(client));
    return true;
  } catch (error) {
    if ((error as Error).name === 'SchemaMigrationRequiredError') return false;
    throw error;
  }
}

/** A session of its own, ended with the work, whatever it holds then. */
async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function withDataSource<T>(
  url: string,
  work: (source: ReturnType<typeof createDataSource>) => Promise<T>,
): Promise<T> {
  const source = createDataSource(url, {
    poolSize: 2,
    applicationName: 'halftone-migrate',
    limits: MIGRATION_LIMITS,
  });
  await source.initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}

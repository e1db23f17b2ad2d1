import { parseEnv, readDotEnv } from '../config/env.js';
import { startEmbeddedPostgres } from '../database/embedded-postgres.js';
import { migrateDatabase } from '../database/migrate.js';

/** `npm run migrate`: brings the database of the settings to this version. */
async function migrate(): Promise<void> {
  readDotEnv();
  const { databaseUrl, dataDir } = parseEnv(process.env);
  const embedded = databaseUrl ? undefined : await startEmbeddedPostgres(dataDir, console.error);
  try {
    const { executed } = await migrateDatabase(databaseUrl ?? embedded!.url);
    console.log(
      executed.length > 0 ? `Migrated: ${executed.join(', ')}` : 'The database is at this version already.',
    );
  } finally {
    await embedded?.stop();
  }
}

try {
  await migrate();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

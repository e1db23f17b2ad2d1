import { join } from 'node:path';
import type { Env } from '../config/env.js';
import { EMBEDDED_DATABASE } from './embedded-postgres.js';
import { assertMigrated } from './migrate.js';
import { hasCluster, runningClusterUrl } from './postgres-cluster.js';
import { assertUsable, startMigrated, type PreparedDatabase } from './prepare-database.js';

/** Where the service's database is, for people. */
export const databasePlace = ({ databaseUrl, dataDir }: Env): string =>
  databaseUrl ? 'the database of DATABASE_URL' : join(dataDir, 'postgres');

/**
 * The service's database for a command, also while the service runs: of the embedded one it then takes no possession.
 * Throws an Error when there is none, unless it may be made.
 */
export async function openDatabase(env: Env, { make }: { make: boolean }): Promise<PreparedDatabase> {
  const { databaseUrl, dataDir } = env;
  if (databaseUrl) {
    await assertUsable(databaseUrl);
    return { url: databaseUrl, stop: async () => undefined };
  }
  if (!make && !hasCluster(dataDir)) {
    throw new Error(
      `There is no database in ${databasePlace(env)}. Set DATA_DIR or DATABASE_URL as the service has it.`,
    );
  }
  const running = await runningClusterUrl(dataDir, EMBEDDED_DATABASE);
  if (running) {
    await assertMigrated(running);
    return { url: running, stop: async () => undefined };
  }
  return startMigrated(dataDir, () => undefined);
}

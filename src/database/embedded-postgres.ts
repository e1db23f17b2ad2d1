import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { OwnedByAnotherError } from './cluster-owner.js';
import { EmbeddedBinariesMissingError } from './embedded-binaries.js';
import { clusterUrl, openCluster, removeUnfinishedClusters } from './postgres-cluster.js';
import { stopServer, type ServerSettings } from './postgres-server.js';
import { takeCluster, type OwnedServer } from './take-cluster.js';

/** A PostgreSQL that this process owns. */
export interface EmbeddedPostgres {
  /** `postgres://user:password@127.0.0.1:port/halftone` */
  url: string;
  /** Ends all sessions and stops the server; the data stay. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Settings of the server beyond the usual ones, for example `{ fsync: 'off' }`. */
  settings?: ServerSettings;
  /** Finds the entry file of an installed package by its name; throws when there is none. */
  resolvePackage?: (name: string) => string;
}

export const EMBEDDED_DATABASE = 'halftone';

/**
 * Starts the PostgreSQL in `dataDir/postgres`, or takes over the one that a killed process left running there. Throws an
 * Error that says what to do when another live process owns that directory, when the package is not installed, and when
 * PostgreSQL does not start.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  log: (line: string) => void,
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const directory = resolve(dataDir);
  try {
    return await start(directory, log, options);
  } catch (error) {
    throw explain(error, directory);
  }
}

async function start(
  dataDir: string,
  log: (line: string) => void,
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const home = join(dataDir, 'postgres');
  const cluster = await openCluster(dataDir, options.resolvePackage);
  const server = await takeCluster(cluster, options.settings ?? {}, () =>
    log(`The PostgreSQL in ${home} has ended unexpectedly (see server.log there). Start Halftone again.`),
  );
  const stop = stopOnce(cluster.directory, server);
  try {
    await removeUnfinishedClusters(dataDir);
    await createDatabase(clusterUrl(cluster, server.port, 'postgres'));
  } catch (error) {
    await stop();
    throw error;
  }
  const how = server.wasRunning
    ? 'was left running by a process that died, and is taken over'
    : 'has started';
  log(`The PostgreSQL in ${home} ${how} (port ${server.port}, process ${server.pid})`);
  return { url: clusterUrl(cluster, server.port, EMBEDDED_DATABASE), stop };
}

function stopOnce(directory: string, { owner, pid }: OwnedServer): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    owner.expectEnd();
    // Who lost the ownership has lost the server too, perhaps to another process.
    if (owner.isOwner) await stopServer(directory, pid);
    await owner.release();
  };
  return () => (stopping ??= stop());
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [EMBEDDED_DATABASE]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${EMBEDDED_DATABASE}`);
  } finally {
    await client.end();
  }
}

function explain(error: unknown, dataDir: string): unknown {
  if (error instanceof EmbeddedBinariesMissingError) return error;
  if (error instanceof OwnedByAnotherError) {
    return new Error(
      `Another Halftone is running on the PostgreSQL in ${join(dataDir, 'postgres')} (${error.message}). ` +
        'Stop that one, or give this one a DATA_DIR of its own, or set DATABASE_URL to a PostgreSQL that both can use.',
      { cause: error },
    );
  }
  return new Error(
    `The embedded PostgreSQL in ${join(dataDir, 'postgres')} could not be started: ${(error as Error).message}\n` +
      'DATABASE_URL is not set; set it to use a PostgreSQL of your own instead.',
    { cause: error },
  );
}

import { setTimeout as delay } from 'node:timers/promises';
import { ClusterOwner, OwnedByAnotherError } from './cluster-owner.js';
import { clusterUrl, type Cluster } from './postgres-cluster.js';
import {
  readLogEnd,
  startServer,
  stopServer,
  type ServerSettings,
  type StartedServer,
} from './postgres-server.js';
import { findPostmaster } from './postmaster-pid.js';

/** Includes a recovery, which replays at most `max_wal_size`. */
const READY_LIMIT_MS = 60_000;
/** The processes of a killed server hold its memory a little longer; the free port or the file may just have been taken. */
const PASSING_TROUBLE = /is still in use|already in use|already exists/;
const RETRY_LIMIT_MS = 5000;
const RETRY_PAUSE_MS = 250;
const POLL_MS = 20;
const INVALID_PASSWORD = '28P01';

/** The server of a cluster that this process owns. */
export interface OwnedServer {
  owner: ClusterOwner;
  pid: number;
  port: number;
  /** Not started by this process, but left by one that died. */
  wasRunning: boolean;
}

/**
 * Starts the server of `cluster`, or finds it running, and becomes its owner. Throws an OwnedByAnotherError when another
 * live process is. Of several that start at the same moment exactly one becomes the owner, whoever started the server.
 */
export async function takeCluster(
  cluster: Cluster,
  settings: ServerSettings,
  onLost: () => void,
): Promise<OwnedServer> {
  const begun = Date.now();
  let server: StartedServer | undefined;
  let trouble = 'it did not become ready in time';
  while (Date.now() < begun + READY_LIMIT_MS) {
    const { running, stalePid } = await findPostmaster(cluster.directory);
    if (running?.ready && running.port) {
      try {
        const owner = await ClusterOwner.take(clusterUrl(cluster, running.port, 'postgres'), onLost);
        return { owner, pid: running.pid, port: running.port, wasRunning: running.pid !== server?.pid };
      } catch (error) {
        if (error instanceof OwnedByAnotherError) throw error;
        trouble = (error as Error).message;
        // A wrong password stays wrong. Anything else: it began to stop after we looked, so look again.
        if ((error as { code?: string }).code === INVALID_PASSWORD) break;
      }
    } else if (!running && (!server || server.ending())) {
      if (server) {
        if (Date.now() > begun + RETRY_LIMIT_MS || !PASSING_TROUBLE.test(await readLogEnd(cluster))) break;
        await delay(RETRY_PAUSE_MS);
      }
      server = await startServer(cluster, settings, stalePid);
    }
    await delay(POLL_MS);
  }
  const ending = server?.ending();
  if (server?.pid && !ending) await stopServer(cluster.directory, server.pid);
  throw new Error(`${ending ?? trouble}. The end of ${cluster.logFile}:\n${await readLogEnd(cluster)}`);
}

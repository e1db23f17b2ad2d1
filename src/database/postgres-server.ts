import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnPostgres } from './postgres-account.js';
import type { Cluster } from './postgres-cluster.js';
import { findPostmaster } from './postmaster-pid.js';
import { freePort } from '../net/free-port.js';

/** PostgreSQL's settings by name. */
export type ServerSettings = Record<string, string>;

const SETTINGS: ServerSettings = {
  listen_addresses: '127.0.0.1',
  // The path of a socket has a limit of 107 bytes, and a data directory may lie deeper.
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  // Also bounds the recovery after a crash.
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

/** First to end in good order, with a checkpoint; then at once, which the next start repairs. */
const STOP_STEPS = [
  { signal: 'SIGINT', limitMs: 15_000 },
  { signal: 'SIGQUIT', limitMs: 5000 },
] as const;
const STOP_POLL_MS = 10;

/** A server that was started by this process. */
export interface StartedServer {
  pid: number | undefined;
  /** Why it ended; undefined while it runs. */
  ending: () => string | undefined;
}

/** Starts a server on a free port of 127.0.0.1, which its `postmaster.pid` will tell, and does not wait for it. */
export async function startServer(
  cluster: Cluster,
  settings: ServerSettings,
  stalePid: number | undefined,
): Promise<StartedServer> {
  const all = { port: String(await freePort()), ...SETTINGS, ...settings };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A file, not a pipe: the server may outlive us, and whoever takes it over can read why it complains.
  const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = constants;
  const log = await open(cluster.logFile, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600);
  const { directory, account } = cluster;
  const child = spawnPostgres(cluster.binaries.postgres, args, {
    directory,
    account,
    stdio: ['ignore', log.fd, log.fd],
    stalePid,
  });
  let ending: string | undefined;
  child.once('error', (error) => (ending = error.message));
  child.once('exit', (code, signal) => (ending = signal ?? `exit code ${code}`));
  child.unref();
  await log.close();
  return { pid: child.pid, ending: () => ending };
}

/** Stops the server `pid` of the data directory `directory`; does nothing when that is not running any more. */
export async function stopServer(directory: string, pid: number): Promise<void> {
  for (const { signal, limitMs } of STOP_STEPS) {
    if (!(await isRunning(directory, pid))) return;
    process.kill(pid, signal);
    const deadline = Date.now() + limitMs;
    while (Date.now() < deadline) {
      await delay(STOP_POLL_MS);
      if (!(await isRunning(directory, pid))) return;
    }
  }
  throw new Error(`The embedded PostgreSQL (process ${pid}, in ${directory}) does not stop`);
}

/** The last lines that the server wrote. */
export async function readLogEnd(cluster: Cluster): Promise<string> {
  const log = await readFile(cluster.logFile, 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-10).join('\n');
}

async function isRunning(directory: string, pid: number): Promise<boolean> {
  return (await findPostmaster(directory)).running?.pid === pid;
}

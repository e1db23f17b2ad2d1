import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findEmbeddedBinaries, type EmbeddedBinaries } from './embedded-binaries.js';
import { findPostgresAccount, spawnPostgres, type PostgresAccount } from './postgres-account.js';
import { findPostmaster } from './postmaster-pid.js';

/** The only role; the cluster serves nobody else. */
const ROLE = 'halftone';
const UNFINISHED = 'postgres.initdb-';

/** PostgreSQL's files on disk, and what it takes to run a server on them. */
export interface Cluster {
  /** PostgreSQL's data directory. */
  directory: string;
  /** What the server wrote since it was started. */
  logFile: string;
  /** Loopback is open to every user of the machine, so the one role has a password. */
  password: string;
  account: PostgresAccount | undefined;
  binaries: EmbeddedBinaries;
}

/** Opens the cluster in `dataDir/postgres`, and makes it first when there is none. */
export async function openCluster(
  dataDir: string,
  resolvePackage?: (name: string) => string,
): Promise<Cluster> {
  const home = join(dataDir, 'postgres');
  const directory = join(home, 'data');
  const account = await findPostgresAccount(directory);
  const binaries = await findEmbeddedBinaries(account, resolvePackage);
  if (!isCluster(directory)) await createCluster(dataDir, home, account, binaries);
  const password = await readPassword(home);
  return { directory, logFile: join(home, 'server.log'), password, account, binaries };
}

export const hasCluster = (dataDir: string): boolean => isCluster(join(dataDir, 'postgres', 'data'));

/** The URL of `database` in `dataDir/postgres` while some process runs that; undefined when none does. */
export async function runningClusterUrl(dataDir: string, database: string): Promise<string | undefined> {
  const home = join(dataDir, 'postgres');
  const directory = join(home, 'data');
  if (!isCluster(directory)) return undefined;
  const { running } = await findPostmaster(directory);
  if (!running?.ready || !running.port) return undefined;
  return clusterUrl({ password: await readPassword(home) }, running.port, database);
}

/** The URL of `database` of the cluster, whose server listens on `port`. */
export function clusterUrl({ password }: Pick<Cluster, 'password'>, port: number, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

async function readPassword(home: string): Promise<string> {
  return (await readFile(join(home, 'password'), 'utf8')).trim();
}

/** Removes what a process that was killed in the middle of `initdb` left behind. Only for the owner of the cluster. */
export async function removeUnfinishedClusters(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(UNFINISHED));
  // An `initdb` that outlived its process may still be writing there; the next start removes the rest.
  await Promise.allSettled(names.map((name) => rm(join(dataDir, name), { recursive: true, force: true })));
}

function isCluster(directory: string): boolean {
  return existsSync(join(directory, 'PG_VERSION'));
}

/** Made under another name and then renamed, so that there is either a whole cluster or none. */
async function createCluster(
  dataDir: string,
  home: string,
  account: PostgresAccount | undefined,
  binaries: EmbeddedBinaries,
): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const unfinished = await mkdtemp(join(dataDir, UNFINISHED));
  try {
    const directory = join(unfinished, 'data');
    const password = join(unfinished, 'password');
    await mkdir(directory, { mode: 0o700 });
    await writeFile(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    if (account) {
      // The directory around it stays root's own: nobody else may put links there for root to write through.
      await chmod(unfinished, 0o711);
      await Promise.all([directory, password].map((path) => chown(path, account.uid, account.gid)));
    }
    await initdb(binaries.initdb, directory, account);
    await rename(unfinished, home);
  } catch (error) {
    // Another process that started at the same moment was faster, and perhaps has tidied up after us.
    if (!isCluster(join(home, 'data'))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function initdb(
  program: string,
  directory: string,
  account: PostgresAccount | undefined,
): Promise<void> {
  const args = [`--username=${ROLE}`, '--pwfile=../password', '--auth=scram-sha-256', '--no-instructions'];
  // PostgreSQL's own collation: the same order on every machine, whatever locales it has.
  args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  const child = spawnPostgres(program, args, { directory, account, stdio: ['ignore', 'ignore', 'pipe'] });
  const [complaint, [code]] = await Promise.all([text(child.stderr!), once(child, 'exit')]);
  if (code !== 0) throw new Error(`initdb could not create the embedded PostgreSQL: ${complaint.trim()}`);
}

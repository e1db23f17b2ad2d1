import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A running PostgreSQL server, as its `postmaster.pid` tells. */
export interface Postmaster {
  pid: number;
  /** Missing while it is only just starting. */
  port: number | undefined;
  /** Accepts connections; false while it starts, recovers or stops. */
  ready: boolean;
}

/** Reads the text of a `postmaster.pid`; undefined when there is no process id in it. */
export function parsePostmasterPid(text: string): Postmaster | undefined {
  // One value a line: pid, directory, start, port, socket directory, address, shared memory, status.
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]) || undefined, ready: lines[7] === 'ready' };
}

/**
 * The live server of `directory`, or the process that is named in a dead server's file: the id may have been given to
 * another program since. Both come from one reading, since the file of a server that starts meanwhile must not count as stale.
 */
export async function findPostmaster(
  directory: string,
): Promise<{ running: Postmaster | undefined; stalePid: number | undefined }> {
  const text = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const postmaster = parsePostmasterPid(text);
  const isRunning = postmaster !== undefined && (await isPostmasterOf(directory, postmaster.pid));
  return isRunning
    ? { running: postmaster, stalePid: undefined }
    : { running: undefined, stalePid: postmaster?.pid };
}

async function isPostmasterOf(directory: string, pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return isNamedPostgres(pid);
  const [data, cwd] = await Promise.all([stat(directory), stat(`/proc/${pid}/cwd`).catch(errorCode)]);
  // PostgreSQL always works in its data directory.
  if (typeof cwd === 'object') return cwd.dev === data.dev && cwd.ino === data.ino;
  // Root in a container may not look into another user's process: its name and its user have to do.
  if (cwd !== 'EACCES' && cwd !== 'EPERM') return false;
  const owner = await stat(`/proc/${pid}`).catch(() => undefined);
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  return owner?.uid === data.uid && name.trim() === 'postgres';
}

async function isNamedPostgres(pid: number): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'comm=', '-p', String(pid)]);
    return stdout.includes('postgres');
  } catch (error) {
    // Windows has no `ps`; there, PostgreSQL's own check of the file must do.
    return errorCode(error) === 'ENOENT' && isAlive(pid);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

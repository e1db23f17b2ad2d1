import { execFile, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The operating system's account that PostgreSQL runs as. */
export interface PostgresAccount {
  uid: number;
  gid: number;
}

/**
 * Undefined: our own account. Root needs another one, because PostgreSQL refuses to run as root: the owner of
 * `directory` when there is a cluster already, else `postgres`, else `nobody`.
 */
export async function findPostgresAccount(directory: string): Promise<PostgresAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(directory).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (account) return account;
  throw new Error(
    'PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" to run it as. ' +
      'Run Halftone as an ordinary user.',
  );
}

/**
 * Starts one of PostgreSQL's programs in the data directory `directory`, in a session of its own: Ctrl-C in a terminal
 * must reach only us, who stop the server when we no longer need it.
 */
export function spawnPostgres(
  program: string,
  args: string[],
  on: { directory: string; account: PostgresAccount | undefined; stdio: StdioOptions; stalePid?: number },
): ChildProcess {
  // Another account cannot walk down to a directory below a home of mode 0700. It need not: the kernel enters the
  // directory before it gives up being root, and this link leads from there to there, past all parents.
  const entered = on.account && process.platform === 'linux';
  return spawn(program, ['-D', entered ? '/proc/self/cwd' : on.directory, ...args], {
    ...on.account,
    cwd: on.directory,
    detached: true,
    windowsHide: true,
    stdio: on.stdio,
    env: {
      PATH: process.env.PATH,
      SystemRoot: process.env.SystemRoot,
      LC_ALL: 'C',
      // PostgreSQL will not start while the process in `postmaster.pid` lives, unless it is its own grandparent. So it
      // is told of a process that only inherited the id, and still makes all its other checks.
      PG_GRANDPARENT_PID: on.stalePid?.toString(),
    },
  });
}

async function lookUp(name: string): Promise<PostgresAccount | undefined> {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await promisify(execFile)('id', [flag, name])).stdout)),
    );
    return { uid: uid!, gid: gid! };
  } catch {
    return undefined;
  }
}

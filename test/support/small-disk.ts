import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system in memory, as small as a test needs it. */
export interface SmallDisk {
  path: string;
  /** Leaves room for so many bytes, rounded to blocks of 4 KiB. */
  fill(leavingBytes: number): Promise<void>;
  /** Takes away what `fill` has put. */
  empty(): Promise<void>;
  setReadOnly(readOnly: boolean): void;
  unmount(): void;
}

/** For tests that need a disk of their own: `describe`, else a skip that says why. */
export function describeWithDisks(name: string, tests: () => void): void {
  if (mayMount()) describe(name, tests);
  // oxlint-disable-next-line jest/no-disabled-tests -- only root may mount; CI is root and fails without
  else describe.skip(`${name} (skipped: run as root, who may mount a disk)`, tests);
}

export function mountSmallDisk(bytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'halftone-disk-'));
  run('mount', '-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'halftone-test', path);
  const ballast = join(path, '.ballast');
  return {
    path,
    async fill(leavingBytes) {
      const { bavail, bsize } = await statfs(path);
      await writeFile(ballast, Buffer.alloc(Math.max(0, bavail * bsize - leavingBytes)), { flag: 'a' });
    },
    empty: () => rm(ballast, { force: true }),
    setReadOnly: (readOnly) => run('mount', '-o', `remount,${readOnly ? 'ro' : 'rw'}`, path),
    unmount() {
      // Lazily: it is gone at once, also when something still has a file of it open.
      run('umount', '--lazy', path);
      rmdirSync(path);
    },
  };
}

function mayMount(): boolean {
  try {
    mountSmallDisk(4096).unmount();
    return true;
  } catch {
    return false;
  }
}

function run(...command: [string, ...string[]]): void {
  const { status, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

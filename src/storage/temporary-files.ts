import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessCode } from './unless-code.js';

/** No write lasts that long, also on a slow disk that is shared by machines whose clocks differ by minutes. */
const STALE_MS = 3_600_000;

/**
 * Files that are being written, in one directory beside the folders of objects: on the same disk, so that a rename
 * makes them objects, but never among these. What a killed process left is removed when it is an hour old: at every
 * start and every hour, by whichever process comes first.
 */
export class TemporaryFiles {
  private readonly timer = setInterval(() => {
    // A disk that is down is told by the readiness check, and the next round comes.
    this.removeStale().catch(() => undefined);
  }, STALE_MS).unref();

  private constructor(private readonly directory: string) {}

  static async open(storageDirectory: string): Promise<TemporaryFiles> {
    const directory = join(storageDirectory, '.tmp');
    await mkdir(directory, { recursive: true });
    const files = new TemporaryFiles(directory);
    await files.removeStale();
    return files;
  }

  /** A path that nobody else uses. */
  newPath(): string {
    return join(this.directory, randomUUID());
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async removeStale(): Promise<void> {
    const oldest = Date.now() - STALE_MS;
    for (const name of await readdir(this.directory)) {
      const path = join(this.directory, name);
      const file = await unlessCode('ENOENT', stat(path));
      if (file && file.mtimeMs < oldest) await rm(path, { force: true });
    }
  }
}

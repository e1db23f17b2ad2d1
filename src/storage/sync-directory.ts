import { open } from 'node:fs/promises';

/** Makes names that were added to or removed from a directory survive a power cut. A file's own fsync does not. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows cannot open a directory, and needs no such call.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

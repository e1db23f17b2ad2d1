import { statfs } from 'node:fs/promises';

/** Bytes that this process may still write to the directory's disk; what only root may use is not among them. */
export async function freeBytesIn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

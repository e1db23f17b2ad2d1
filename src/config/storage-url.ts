import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where output images are kept: a directory of this machine (or one that all machines mount). */
export interface StorageTarget {
  driver: 'file';
  directory: string;
}

/** `file:/path` or `file:///path`. Throws when it is neither. */
export function parseStorageUrl(value: string): StorageTarget {
  if (value.startsWith('file://')) return { driver: 'file', directory: fileURLToPath(value) };
  const directory = value.startsWith('file:') ? value.slice('file:'.length) : '';
  if (!isAbsolute(directory)) throw new Error(`expected file:/absolute/path, got "${value}"`);
  return { driver: 'file', directory };
}

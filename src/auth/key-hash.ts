import { createHash, timingSafeEqual } from 'node:crypto';

/** What is kept of a key. */
export interface HashedKey {
  id: string;
  hash: Buffer;
}

/** Equal keys have equal ids, so keeping a key twice is seen by its id alone. */
export function hashKey(key: string): HashedKey {
  const hash = createHash('sha256').update(key).digest();
  return { id: `key_${hash.toString('hex', 0, 8)}`, hash };
}

/** In constant time: how long the comparison takes tells nothing of the hash that is kept. */
export const isSameHash = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

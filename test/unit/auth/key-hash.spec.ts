import { createHash } from 'node:crypto';
import { hashKey, isSameHash } from '../../../src/auth/key-hash.js';

describe('what is kept of a key', () => {
  it('is its SHA-256, and an id made of that', () => {
    const { id, hash } = hashKey('a key');
    expect(hash).toEqual(createHash('sha256').update('a key').digest());
    expect(id).toBe(`key_${hash.toString('hex').slice(0, 16)}`);
  });

  it('is compared as a whole', () => {
    const { hash } = hashKey('a key');
    expect(isSameHash(hash, Buffer.from(hash))).toBe(true);
    for (let at = 0; at < hash.length; at += 1) {
      const other = Buffer.from(hash);
      other[at]! ^= 1;
      expect(isSameHash(hash, other)).toBe(false);
    }
    expect(isSameHash(hash, hash.subarray(0, 31))).toBe(false);
    expect(isSameHash(hash, Buffer.alloc(0))).toBe(false);
  });
});

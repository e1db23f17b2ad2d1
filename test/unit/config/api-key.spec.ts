import fc from 'fast-check';
import { generateApiKey, isMistypedApiKey } from '../../../src/config/api-key.js';

const DIGITS = Array.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');
const PREFIX = 'halftone_';

/** Keys, each made anew, and a place behind the prefix. */
const keyAndPlace = fc.tuple(
  fc.constant(null).map(generateApiKey),
  fc.integer({ min: PREFIX.length, max: 44 }),
);

describe('generateApiKey', () => {
  it('gives the prefix, 30 random digits and 6 of a checksum, selected by a double click', () => {
    expect(generateApiKey()).toMatch(/^halftone_[0-9A-Za-z]{36}$/);
  });

  it('never gives the same twice, and uses every digit at every random place', () => {
    const keys = Array.from({ length: 5000 }, generateApiKey);
    expect(new Set(keys).size).toBe(keys.length);
    for (let place = PREFIX.length; place < PREFIX.length + 30; place += 1) {
      expect(new Set(keys.map((key) => key[place])).size).toBe(DIGITS.length);
    }
  });

  it('gives keys that are not mistyped', () => {
    for (let n = 0; n < 1000; n += 1) expect(isMistypedApiKey(generateApiKey())).toBe(false);
  });
});

describe('isMistypedApiKey', () => {
  // Worked out once by another CRC-32 (Python's zlib.crc32): keys that were given must stay valid.
  it.each([
    'halftone_0000000000000000000000000000002C8GjS',
    'halftone_zZ9zZ9zZ9zZ9zZ9zZ9zZ9zZ9zZ9zZ94eli4n',
    'halftone_abcdefghijklmnopqrstuvwxyz01232LolCm',
  ])('knows %s', (key) => {
    expect(isMistypedApiKey(key)).toBe(false);
  });

  it('finds one wrong digit', () => {
    const wrong = fc.tuple(keyAndPlace, fc.constantFrom(...DIGITS)).map(([[key, place], digit]) => {
      return { key, mistyped: key.slice(0, place) + digit + key.slice(place + 1) };
    });
    fc.assert(
      fc.property(wrong, ({ key, mistyped }) => isMistypedApiKey(mistyped) === (mistyped !== key)),
      { numRuns: 2000 },
    );
  });

  it('finds two neighbours that were swapped', () => {
    const swapped = keyAndPlace
      .filter(([, place]) => place < 44)
      .map(([key, place]) => ({
        key,
        mistyped: key.slice(0, place) + key[place + 1] + key[place] + key.slice(place + 2),
      }));
    fc.assert(
      fc.property(swapped, ({ key, mistyped }) => isMistypedApiKey(mistyped) === (mistyped !== key)),
      { numRuns: 2000 },
    );
  });

  it('finds a key that was cut anywhere behind its prefix, or has something more', () => {
    const key = generateApiKey();
    for (let length = PREFIX.length; length < key.length; length += 1) {
      expect(isMistypedApiKey(key.slice(0, length))).toBe(true);
    }
    for (const more of ['0', ' ', '\n', '=', key]) expect(isMistypedApiKey(key + more)).toBe(true);
  });

  it('finds characters that no key has', () => {
    const [prefix, rest] = [PREFIX, generateApiKey().slice(PREFIX.length)];
    for (const character of ['_', '-', 'é', 'А', '\0', ' ']) {
      expect(isMistypedApiKey(prefix + character + rest.slice(1))).toBe(true);
    }
  });

  it('says nothing of keys that somebody thought up', () => {
    expect(isMistypedApiKey('correct-horse-battery-staple')).toBe(false);
    expect(isMistypedApiKey(generateApiKey().toUpperCase())).toBe(false);
  });
});

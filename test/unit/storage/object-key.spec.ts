import * as fc from 'fast-check';
import {
  OBJECT_TYPES,
  isObjectPrefix,
  objectKey,
  parseObjectKey,
  type ObjectExtension,
} from '../../../src/storage/object-key.js';

const requestId = '01994b1e-6a5c-7cc2-8f0e-0123456789ab';
const random = '0123456789abcdef0123456789abcdef';
const key = `${requestId}/7-${random}-red-shoe.jpg`;

describe('objectKey', () => {
  it('names request, position, random bits, file name and type', () => {
    const sourceUrl = 'https://shop.example/Red%20Shoe.png';
    expect(objectKey({ requestId, position: 7, sourceUrl, extension: 'jpg', random })).toBe(key);
  });

  it('is another one at every call', () => {
    const of = { requestId, position: 0, sourceUrl: 'https://shop.example/a.jpg', extension: 'jpg' } as const;
    expect(new Set(Array.from({ length: 1000 }, () => objectKey(of))).size).toBe(1000);
  });

  it('is a key that can be parsed, whatever the source is called', () => {
    const anyPath = fc.oneof(
      fc.webPath(),
      fc.string({ unit: 'binary' }).map(encodeURIComponent),
      fc.string(),
    );
    const anyExtension = fc.constantFrom(...(Object.keys(OBJECT_TYPES) as ObjectExtension[]));
    fc.assert(
      fc.property(anyPath, anyExtension, fc.nat(9_999_999), (path, extension, position) => {
        const made = objectKey({ requestId, position, sourceUrl: `https://h.example/${path}`, extension });
        expect(parseObjectKey(made)?.contentType).toBe(OBJECT_TYPES[extension]);
      }),
    );
  });
});

describe('parseObjectKey', () => {
  it('answers the file name and the content type', () => {
    expect(parseObjectKey(key)).toEqual({ fileName: 'red-shoe.jpg', contentType: 'image/jpeg' });
  });

  it.each([
    '',
    requestId,
    `${requestId}/`,
    `/${key}`,
    `./${key}`,
    `${key}/`,
    `${key}\n`,
    `${key} `,
    `${key}\0`,
    `${key}.tmp`,
    `${key}.html`,
    key.toUpperCase(),
    key.replace('/', '\\'),
    key.replace('/', '//'),
    key.replace('/', '/../'),
    key.replace('/', '/./'),
    key.replace('/', '%2f'),
    key.replace('red-shoe', '..'),
    key.replace('red-shoe', '.hidden'),
    key.replace('red-shoe', 'a.b'),
    key.replace('red-shoe', 'a/b'),
    key.replace('red-shoe', ''),
    key.replace('red-shoe', 'x'.repeat(61)),
    key.replace('7-', '-7-'),
    key.replace('7-', ''),
    key.replace(random, random.slice(1)),
    key.replace('.jpg', '.svg'),
    key.replace('.jpg', ''),
    `../${key}`,
    '../../etc/passwd',
    '.halftone-storage-id',
    '.tmp/01994b1e-6a5c-7cc2-8f0e-0123456789ab',
  ])('refuses %j', (text) => {
    expect(parseObjectKey(text)).toBeUndefined();
  });
});

describe('isObjectPrefix', () => {
  it('takes a request id and a slash, and nothing else', () => {
    expect(isObjectPrefix(`${requestId}/`)).toBe(true);
    const others = [
      '',
      '/',
      './',
      '../',
      '.tmp/',
      requestId,
      `${requestId}/../`,
      `/${requestId}/`,
      `${requestId}//`,
      `${requestId}/\n`,
    ];
    expect(others.filter(isObjectPrefix)).toEqual([]);
  });
});

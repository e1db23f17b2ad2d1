import { keyAdvice, keyHeaders, readSampleKey } from '../../../samples/sample-key.js';
import { generateApiKey } from '../../../src/config/api-key.js';

describe('readSampleKey', () => {
  it.each([undefined, '', ' '])('knows of no key in %j', (value) => {
    expect(readSampleKey({ API_KEY: value })).toBeUndefined();
  });

  it('takes a key as it is, but for what stands around it', () => {
    const key = generateApiKey();
    expect(readSampleKey({ API_KEY: ` ${key}\n` })).toBe(key);
    expect(readSampleKey({ API_KEY: 'thought-up-by-its-owner' })).toBe('thought-up-by-its-owner');
  });

  it.each([
    [generateApiKey().slice(0, -1), /checksum/],
    ['two keys', /one key/],
    ['shöp', /one key/],
    ['a\nb', /one key/],
  ])('refuses %j without showing it', (value, message) => {
    const read = (): unknown => readSampleKey({ API_KEY: value });
    expect(read).toThrow(message);
    expect(read).not.toThrow(value);
  });
});

describe('keyHeaders', () => {
  it('is a bearer token, or nothing', () => {
    expect(keyHeaders('k')).toEqual({ authorization: 'Bearer k' });
    expect(keyHeaders(undefined)).toEqual({});
  });
});

describe('keyAdvice', () => {
  it.each([
    [401, undefined, /^Put a key into the variable API_KEY.*and call npm run demo again\.\nTo make one/],
    [401, 'revoked', /^The key was that of API_KEY, or else/],
    [403, 'narrow', /^Give API_KEY a key with that scope/],
  ])('after a %d with the key %s', (status, key, advice) => {
    expect(keyAdvice(status, key, 'npm run demo')).toMatch(advice);
    expect(keyAdvice(status, key, 'npm run demo')).not.toContain('revoked');
  });
});

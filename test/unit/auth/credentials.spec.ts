import { readKey, unauthorized } from '../../../src/auth/credentials.js';
import { Problem } from '../../../src/errors/problem.js';

const KEY = 'a-key-of-somebody';
const BASIC = 'Basic dXNlcjpwYXNzd29yZA==';

describe('readKey', () => {
  it.each([
    [{ authorization: `Bearer ${KEY}` }],
    [{ authorization: `bearer ${KEY}` }],
    [{ authorization: `BEARER ${KEY}` }],
    [{ authorization: `Bearer    ${KEY}` }],
    [{ authorization: `Bearer ${KEY}  ` }],
    [{ 'x-api-key': KEY }],
    [{ 'x-api-key': `  ${KEY} ` }],
    [{ authorization: `Bearer ${KEY}`, 'x-api-key': KEY }],
    [{ authorization: `Bearer ${KEY}`, 'x-api-key': '' }],
    // A proxy's own, which it passes on.
    [{ authorization: BASIC, 'x-api-key': KEY }],
    [{ authorization: 'Bearer', 'x-api-key': KEY }],
  ])('finds the key in %j', (headers) => {
    expect(readKey(headers)).toBe(KEY);
  });

  it.each([
    [{}],
    [{ authorization: '' }],
    [{ authorization: 'Bearer' }],
    [{ authorization: 'Bearer ' }],
    [{ authorization: `Bearer${KEY}` }],
    [{ authorization: `Bearer ${KEY} ${KEY}` }],
    [{ authorization: KEY }],
    [{ authorization: BASIC }],
    [{ authorization: `Token ${KEY}` }],
    [{ authorization: `X-Bearer ${KEY}` }],
    [{ 'x-api-key': '' }],
    [{ 'x-api-key': '   ' }],
    [{ 'api-key': KEY, 'x-apikey': KEY, cookie: `api_key=${KEY}`, 'proxy-authorization': `Bearer ${KEY}` }],
  ])('finds none in %j', (headers) => {
    expect(readKey(headers)).toBeUndefined();
  });

  it('refuses two different keys, and tells neither', () => {
    const headers = { authorization: `Bearer ${KEY}`, 'x-api-key': 'another-key' };
    expect(() => readKey(headers)).toThrow(
      new Problem('unauthorized', 'The request has two different keys; send one.'),
    );
  });
});

describe('unauthorized', () => {
  it('asks for a key (RFC 9110), and says when one was no good (RFC 6750)', () => {
    expect(unauthorized('Why.')).toMatchObject({
      status: 401,
      detail: 'Why.',
      extra: { headers: { 'www-authenticate': 'Bearer realm="halftone"' } },
    });
    expect(unauthorized('Why.', 'invalid_token').extra.headers).toEqual({
      'www-authenticate': 'Bearer realm="halftone", error="invalid_token"',
    });
  });
});

import { isRedirect, redirectTarget } from '../../../src/net/redirect.js';

const POLICY = { allowedPorts: [80, 443], allowPrivateAddresses: false };
const FROM = new URL('https://shop.example/photos/1.jpg?size=big');

describe('redirectTarget', () => {
  it.each([
    ['https://cdn.example/1.jpg', 'https://cdn.example/1.jpg'],
    ['/big/1.jpg', 'https://shop.example/big/1.jpg'],
    ['2.jpg', 'https://shop.example/photos/2.jpg'],
    ['//cdn.example/1.jpg', 'https://cdn.example/1.jpg'],
    ['größe.jpg', 'https://shop.example/photos/gr%C3%B6%C3%9Fe.jpg'],
  ])('follows %s', (location, target) => {
    expect(redirectTarget(FROM, location, POLICY).href).toBe(target);
  });

  it('goes from http up to https, and stays on http', () => {
    const plain = new URL('http://shop.example/');
    expect(redirectTarget(plain, 'https://shop.example/', POLICY).protocol).toBe('https:');
    expect(redirectTarget(plain, '/2', POLICY).protocol).toBe('http:');
  });

  it.each([
    'http://shop.example/1.jpg',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'ftp://shop.example/1.jpg',
    'https://user:pw@shop.example/',
    'https://shop.example:6379/',
    'https://intranet/',
    'https://',
    'https://256.1.1.1/',
    `/${'x'.repeat(5000)}`,
  ])('does not follow %s', (location) => {
    expect(() => redirectTarget(FROM, location, POLICY)).toThrow(
      expect.objectContaining({ code: 'redirect_blocked' }),
    );
  });
});

describe('isRedirect', () => {
  it('is true of the statuses that have a new place in Location, and of no other 3xx', () => {
    const statuses = Array.from({ length: 100 }, (_, index) => 300 + index);
    expect(statuses.filter(isRedirect)).toEqual([301, 302, 303, 307, 308]);
  });
});

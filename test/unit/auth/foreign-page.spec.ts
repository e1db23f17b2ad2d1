import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { isForeignPage } from '../../../src/auth/foreign-page.js';

const LOCAL = 'http://127.0.0.1:3000';
const PUBLIC = 'https://images.example.com/halftone';

function request(method: string, headers: IncomingHttpHeaders): IncomingMessage {
  return Object.assign(new IncomingMessage(new Socket()), { method, headers });
}

const isForeign = (headers: IncomingHttpHeaders, publicUrl = LOCAL, method = 'POST'): boolean =>
  isForeignPage(request(method, headers), publicUrl);

const host = '127.0.0.1:3000';

describe('what programs send', () => {
  it.each([
    '127.0.0.1:3000',
    '127.0.0.1',
    '127.9.9.9:3000',
    'localhost:3000',
    'LOCALHOST:3000',
    '[::1]:3000',
    '[0:0:0:0:0:0:0:1]:3000',
    // An SSH tunnel has a port of its own.
    'localhost:8080',
  ])('is their own, with Host: %s', (name) => {
    expect(isForeign({ host: name })).toBe(false);
  });

  it('is their own under the name of PUBLIC_URL', () => {
    expect(isForeign({ host: 'images.example.com' }, PUBLIC)).toBe(false);
    expect(isForeign({ host: 'images.example.com:8443' }, PUBLIC)).toBe(false);
  });
});

describe('a name that is not ours, which may have been made to lead here (DNS rebinding)', () => {
  it.each([
    'evil.example:3000',
    'images.example.com',
    '127.0.0.1.evil.example:3000',
    'localhost.evil.example',
    'localhost.:3000',
    'evil.example#@127.0.0.1',
    '10.0.0.7:3000',
    '0.0.0.0:3000',
    '[::ffff:127.0.0.2]:3000',
    '[::]:3000',
    '[fe80::1]:3000',
    '',
    ':3000',
    '127.0.0.1:99999',
    'a b',
  ])('is foreign: Host: %s', (name) => {
    expect(isForeign({ host: name })).toBe(true);
    expect(isForeign({ host: name }, LOCAL, 'GET')).toBe(true);
    expect(isForeign({ host: name, origin: `http://${name}`, 'sec-fetch-site': 'same-origin' })).toBe(true);
  });

  it('is foreign without any name', () => {
    expect(isForeign({})).toBe(true);
  });
});

describe('the page that a browser sends something for', () => {
  it.each([
    ['http://127.0.0.1:3000', { host }],
    ['http://localhost:3000', { host: 'localhost:3000' }],
    ['http://[::1]:3000', { host: '[::1]:3000' }],
    ['http://localhost', { host: 'localhost' }],
  ])('is ours at %s', (origin, headers) => {
    expect(isForeign({ ...headers, origin })).toBe(false);
  });

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://evil.example:3000',
    'http://127.0.0.1:8080',
    'http://127.0.0.1',
    'http://127.0.0.1:30000',
    'http://localhost:3000',
    'file://',
    'chrome-extension://abcdefghijklmnop',
    'http:',
    'http:/',
    'h',
    'http://127.0.0.1:3000.evil.example',
  ])('is another at Origin: %j', (origin) => {
    expect(isForeign({ host, origin })).toBe(true);
    expect(isForeign({ host, origin }, LOCAL, 'GET')).toBe(true);
  });

  it('is ours at PUBLIC_URL, whatever name a proxy passes on, and nowhere else', () => {
    for (const name of ['127.0.0.1:3000', 'images.example.com']) {
      expect(isForeign({ host: name, origin: 'https://images.example.com' }, PUBLIC)).toBe(false);
      expect(isForeign({ host: name, origin: 'https://images.example.com.evil.example' }, PUBLIC)).toBe(true);
      expect(isForeign({ host: name, origin: 'https://images.example.co' }, PUBLIC)).toBe(true);
      expect(isForeign({ host: name, origin: 'https://evil.example' }, PUBLIC)).toBe(true);
      expect(isForeign({ host: name, origin: 'https:' }, PUBLIC)).toBe(true);
    }
  });
});

describe('where a browser says that it comes from', () => {
  it.each(['same-origin', 'none'])('is ours: %s', (site) => {
    expect(isForeign({ host, 'sec-fetch-site': site })).toBe(false);
    expect(isForeign({ host, 'sec-fetch-site': site }, LOCAL, 'GET')).toBe(false);
  });

  // Another port of localhost is the same site.
  it.each(['cross-site', 'same-site'])('is foreign: %s', (site) => {
    for (const mode of ['no-cors', 'cors', 'websocket', undefined]) {
      expect(isForeign({ host, 'sec-fetch-site': site, 'sec-fetch-mode': mode }, LOCAL, 'GET')).toBe(true);
    }
    expect(isForeign({ host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }, LOCAL, 'POST')).toBe(
      true,
    );
    expect(isForeign({ host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' }, LOCAL, 'DELETE')).toBe(
      true,
    );
  });

  it('does not matter for a link that somebody follows', () => {
    const link = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(isForeign(link, LOCAL, 'GET')).toBe(false);
    expect(isForeign({ ...link, host: 'evil.example' }, LOCAL, 'GET')).toBe(true);
  });
});

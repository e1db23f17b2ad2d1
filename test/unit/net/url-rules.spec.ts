import { findUrlFault, type UrlFaultCode, type UrlPolicy } from '../../../src/net/url-rules.js';

const PUBLIC: UrlPolicy = { allowedPorts: [80, 443], allowPrivateAddresses: false };
const PRIVATE: UrlPolicy = { ...PUBLIC, allowPrivateAddresses: true };

const codeOf = (text: string, policy = PUBLIC): UrlFaultCode | undefined => findUrlFault(text, policy)?.code;
const urlOfLength = (length: number): string => 'https://example.com/'.padEnd(length, 'x');

describe('a URL without a fault', () => {
  it.each([
    'https://example.com/photo.jpg',
    'HTTP://EXAMPLE.COM:80/a,b.jpg?x=1&y=[2]#top',
    'https://example.com./a',
    'https://example.com:443/a',
    'https://under_score.example.com/',
    'https://example.com/summer sale/photo 1.jpg',
    'https://xn--mnchen-3ya.example/',
    'https://münchen.example/größe.jpg',
    'https://ехаmple.com/',
    String.raw`http://example.com\@127.0.0.1/`,
    `https://${'a'.repeat(63)}.example.com/`,
    `https://${'a.'.repeat(126)}a/`,
    urlOfLength(4096),
    // Denied where the connection is made, so that there is one judge of addresses.
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://2130706433/',
    'http://127.0.0.1#@example.com/',
  ])('%s', (text) => {
    expect(codeOf(text)).toBeUndefined();
  });
});

describe('a URL with a fault', () => {
  it.each<[UrlFaultCode, string]>([
    ['url_invalid', ''],
    ['url_invalid', '   '],
    ['url_invalid', 'not a url'],
    ['url_invalid', 'photo.jpg'],
    ['url_invalid', '//example.com/photo.jpg'],
    ['url_invalid', 'http://'],
    ['url_invalid', 'http://example.com:99999/'],
    ['url_invalid', 'http://256.1.1.1/'],
    ['url_invalid', 'http://0x100000000/'],
    ['url_invalid', 'http://[fe80::1%25eth0]/'],
    ['url_invalid', 'http://[fe80::1%eth0]/'],
    ['url_invalid', 'http://exa mple.com/'],
    ['url_invalid', 'https://example.com/a\tb.jpg'],
    ['url_invalid', 'https://example.com/a\r\nb.jpg'],
    ['url_invalid', 'https://example.com/a\n'],
    ['url_invalid', 'https://example.com/a\0b.jpg'],
    ['url_invalid', 'https://example.com/a\u007Fb.jpg'],
    ['url_invalid', 'https://example.com/\uD83D.jpg'],
    ['url_scheme_not_allowed', 'ftp://example.com/photo.jpg'],
    ['url_scheme_not_allowed', 'file:///etc/passwd'],
    ['url_scheme_not_allowed', 'javascript:1'],
    ['url_scheme_not_allowed', 'gopher://example.com/'],
    ['url_scheme_not_allowed', 'data:image/png;base64,AAAA'],
    ['url_scheme_not_allowed', String.raw`C:\photos\1.jpg`],
    ['url_has_credentials', 'http://user:pw@example.com/'],
    ['url_has_credentials', 'http://user@example.com/'],
    ['url_has_credentials', 'http://:pw@example.com/'],
    ['url_has_credentials', 'http://example.com@127.0.0.1/'],
    ['url_host_invalid', 'http:///x'],
    ['url_host_invalid', 'http://intranet/'],
    ['url_host_invalid', 'http://localhost/'],
    ['url_host_invalid', 'http://localhost./'],
    ['url_host_invalid', 'http://example..com/'],
    ['url_host_invalid', 'http://.example.com/'],
    ['url_host_invalid', `http://${'a'.repeat(64)}.example.com/`],
    ['url_host_invalid', `http://${'a.'.repeat(126)}aa/`],
    ['url_port_not_allowed', 'http://example.com:22/'],
    ['url_port_not_allowed', 'http://example.com:25/'],
    ['url_port_not_allowed', 'http://example.com:6379/'],
    ['url_port_not_allowed', 'http://example.com:5432/'],
    ['url_port_not_allowed', 'http://example.com:0/'],
    ['url_too_long', urlOfLength(4097)],
    ['url_too_long', urlOfLength(10_000)],
  ])('%s: %j', (code, text) => {
    expect(codeOf(text)).toBe(code);
  });
});

describe('the policy', () => {
  it('replaces the usual ports by its own, also when the URL names none', () => {
    const policy = { ...PUBLIC, allowedPorts: [8080] };
    expect(codeOf('http://example.com:8080/', policy)).toBeUndefined();
    expect(codeOf('http://example.com/', policy)).toBe('url_port_not_allowed');
    expect(codeOf('https://example.com/', policy)).toBe('url_port_not_allowed');
  });

  it('takes any port and names without a dot when private addresses are allowed', () => {
    expect(codeOf('http://localhost:9000/photo.jpg', PRIVATE)).toBeUndefined();
    expect(codeOf('http://minio:9000/', PRIVATE)).toBeUndefined();
    expect(codeOf('http://localhost:0/', PRIVATE)).toBe('url_port_not_allowed');
    expect(codeOf('http://user@localhost/', PRIVATE)).toBe('url_has_credentials');
    expect(codeOf('ftp://localhost/', PRIVATE)).toBe('url_scheme_not_allowed');
  });
});

import { assertWebhookUrl } from '../../../src/webhooks/webhook-url.js';

const strict = { allowedPorts: [80, 443], allowPrivateAddresses: false };
const check =
  (url: string, policy = strict) =>
  () =>
    assertWebhookUrl(url, policy);

describe('assertWebhookUrl', () => {
  it.each(['https://shop.example/hook?x=1', 'http://93.184.216.34/', 'https://[2606:2800:220:1::1]/hook'])(
    'takes %s',
    (url) => {
      expect(check(url)).not.toThrow();
    },
  );

  it.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://127.0.0.1./',
    'http://10.1.2.3/hook',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[fd00:ec2::254]/',
  ])('refuses %s: its host is no public address', (url) => {
    expect(check(url)).toThrow(
      expect.objectContaining({
        code: 'webhook_url_invalid',
        detail: expect.stringContaining('public internet'),
      }),
    );
    expect(check(url, { ...strict, allowPrivateAddresses: true })).not.toThrow();
  });

  it.each([
    ['', 'complete URL'],
    ['ftp://shop.example/', 'http:// or https://'],
    ['https://user:secret@shop.example/', 'password'],
    ['https://shop.example:25/', 'port'],
    ['shop.example/hook', 'https://example.com/path'],
  ])('says what is wrong with %p', (url, reason) => {
    expect(check(url)).toThrow(
      expect.objectContaining({ code: 'webhook_url_invalid', detail: expect.stringContaining(reason) }),
    );
  });

  it.each(['http://localhost/', 'http://127.0.0.1/', 'https://shop.example:8443/'])(
    'says how a developer can have %s',
    (url) => {
      const detail = expect.stringContaining('ALLOW_PRIVATE_ADDRESSES=true');
      expect(check(url)).toThrow(expect.objectContaining({ detail }));
      expect(check(url, { ...strict, allowPrivateAddresses: true })).not.toThrow();
    },
  );

  it('does not offer that where it would not help', () => {
    expect(check('ftp://shop.example/')).toThrow(
      expect.objectContaining({ detail: expect.not.stringContaining('ALLOW') }),
    );
  });
});

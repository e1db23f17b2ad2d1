import { IncomingMessage, type IncomingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import { isLocal, networkOf } from '../../../src/auth/caller-address.js';

function from(remoteAddress: string | undefined, headers: IncomingHttpHeaders = {}): IncomingMessage {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { headers });
}

describe('isLocal', () => {
  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'])('%s', (address) => {
    expect(isLocal(from(address))).toBe(true);
  });

  it.each([
    '10.0.0.7',
    '192.168.1.1',
    '8.8.8.8',
    '::',
    '::ffff:10.0.0.7',
    'fe80::1',
    'fe80::1%eth0',
    '2001:db8::1',
  ])('not %s', (address) => {
    expect(isLocal(from(address))).toBe(false);
  });

  it('not a connection that has ended: nobody knows any more where it came from', () => {
    expect(isLocal(from(undefined))).toBe(false);
  });

  it.each([
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-for': '' },
    { forwarded: 'for=127.0.0.1' },
    { 'x-real-ip': '127.0.0.1' },
    { via: '1.1 proxy' },
  ])('not what a proxy on this machine passes on: %j', (headers) => {
    expect(isLocal(from('127.0.0.1', headers))).toBe(false);
  });
});

describe('networkOf', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:DB8:1:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('counts all together whose address cannot be read: nobody gets a count of its own by inventing one', () => {
    const unread = ['', 'unknown', '_hidden', 'evil.example', '1.2.3.4:5678', 'x'.repeat(16_000)].map(
      networkOf,
    );
    expect(new Set(unread)).toEqual(new Set(['unknown']));
  });
});
